// One real testnet under the eyes of one real Prometheus: healthy, then cut in half by an experiment, then by somebody who
// tells nobody. What Prometheus stored of it is what the tests ask about.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeClient } from '../../chaos/runner/node-client.ts'
import { ruleFile } from '../../dashboards/alerts/rules.ts'
import { type NodeRecord, readRecord } from '../../operator/local/record.ts'
import { targetsFile, testnetFolder } from '../../operator/local/state-folder.ts'
import { until } from '../cluster/until.ts'
import { cutsFile, RealTestnet } from '../watch/real-testnet.ts'
import type { Span } from './dashboards.ts'
import { Prometheus, type Sample } from './prometheus.ts'

export const TESTNET = 'observed'
/** With all that a testnet can have that makes no trouble: regions apart from each other, load, finality. */
const testnetFile = `apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: ${TESTNET} }
spec:
  chain: { blockInterval: 500ms, finality: { checkpointInterval: 4 } }
  network:
    regions: [{ name: east }, { name: west }]
    latency: [{ from: east, to: west, delay: 10ms }]
  load: { rate: 10, payload: 64B }
  groups:
    - { name: boot, role: bootstrap, region: east }
    - { name: miner, role: miner, count: 4 }
    - { name: load, role: load, region: west }
`
/** Rates over a window need two scrapes of every target in it, and something that happened between. */
const HEALTHY_MS = 12_000
const CUT_SECONDS = 8
/** Whoever put the rows may die: they end by themselves. */
const ROWS_END_MS = 90_000
const WITHIN_MS = 60_000
const never = new AbortController().signal

export interface ObservedRun {
  readonly prometheus: Prometheus
  readonly nodes: readonly string[]
  /** A quiet time. */
  readonly healthy: Span
  /** The announced experiment, from before its first phase until its end. */
  readonly experiment: Span
  /** From the first to the last moment at which Prometheus had both the announced experiment and two chains. */
  readonly announced: Span
  /** From the cut that nobody announced to its end. */
  readonly unannounced: Span
  /** When its alert had ended. */
  readonly clearedAt: number
  stop(): Promise<void>
}

/** `onCut` is told of the cut that nobody announced, at once, with the addresses of the nodes' HTTP. */
export async function observeRun(
  program: string,
  onCut: (statusUrls: readonly string[]) => void = () => {},
): Promise<ObservedRun> {
  const home = mkdtempSync(join(tmpdir(), 'trellis-observed-'))
  const undo: (() => Promise<void>)[] = [async () => rmSync(home, { recursive: true, force: true })]
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const testnet = await RealTestnet.up(home, TESTNET, testnetFile)
    undo.push(() => testnet.down())
    const rules = join(home, 'trellis.rules.yaml')
    writeFileSync(rules, ruleFile())
    const targets = targetsFile(testnetFolder(home, TESTNET))
    const prometheus = await Prometheus.start({ program, targets: [targets], rules: [rules] })
    undo.push(() => prometheus.stop())
    const { nodes } = readRecord(testnetFolder(home, TESTNET))!

    const seen = { withinMs: WITHIN_MS, everyMs: 250, describe: () => describeState(prometheus) }
    const chains = async (): Promise<number> => value(await prometheus.query(`max(trellis_testnet_head_groups)`))
    await until('every node scraped, one chain, blocks finalized', seen, async () => {
      const [up, finalized] = await Promise.all([
        prometheus.query('sum(up{node!=""})'),
        prometheus.query('min(trellis_node_finalized_height)'),
      ])
      return value(up) === nodes.length && value(finalized) > 0 && (await chains()) === 1
    })
    const quietSince = Date.now()
    await until('a quiet time', { ...seen, withinMs: HEALTHY_MS + 5_000 }, () => Date.now() - quietSince >= HEALTHY_MS)
    const beginsAt = Date.now()

    const announced = await announcedCut(testnet, prometheus)
    const endedAt = Date.now()
    await until('one chain again', seen, async () => (await chains()) === 1)

    const cutAt = Date.now()
    const [left, right] = [nodes.slice(0, nodes.length / 2), nodes.slice(nodes.length / 2)]
    await Promise.all([...left.map(node => cut(node, right)), ...right.map(node => cut(node, left))])
    onCut(nodes.map(({ address: { host, http } }) => `http://${host}:${http}`))
    await until('the alert of the partition', seen, async () =>
      (await firing(prometheus)).includes('TestnetPartitioned'),
    )
    await Promise.all(nodes.map(node => clientOf(node).deleteRow('unannounced', { signal: never })))
    const healedAt = Date.now()
    await until('the end of the alert', seen, async () => !(await firing(prometheus)).includes('TestnetPartitioned'))
    const clearedAt = Date.now()
    return {
      prometheus,
      nodes: nodes.map(({ name }) => name),
      healthy: [quietSince, beginsAt],
      experiment: [beginsAt, endedAt],
      announced,
      unannounced: [cutAt, healedAt],
      clearedAt,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Runs the experiment; tells when Prometheus saw it cut. */
async function announcedCut(testnet: RealTestnet, prometheus: Prometheus): Promise<Span> {
  const file = testnet.file('cut.yaml', cutsFile(TESTNET, [{ name: 'halves', atSeconds: 0, forSeconds: CUT_SECONDS }]))
  let over = false
  let said = ''
  const run = testnet
    .trellis('chaos', 'run', file)
    .then(
      text => {
        said = text
      },
      // Passed or not: here it matters that it ran and was seen.
      error => {
        said = `${error.stdout}${error.stderr}`
      },
    )
    .finally(() => {
      over = true
    })
  const moments: number[] = []
  await until(
    'the end of the experiment',
    { withinMs: 2 * WITHIN_MS, everyMs: 250, describe: () => said },
    async () => {
      const both = 'trellis_testnet_head_groups > 1 and on (namespace, testnet) trellis_experiment_faults_active > 0'
      const at = Date.now()
      if ((await prometheus.query(both, at)).length > 0) moments.push(at)
      return over
    },
  )
  await run
  const [first, last] = [moments[0], moments.at(-1)]
  if (first === undefined || last === undefined)
    throw new Error(`Prometheus saw no partition during the experiment:\n${said}\n${await describeState(prometheus)}`)
  return [first, last]
}

const clientOf = ({ name, address: { host, http, admin } }: NodeRecord): NodeClient =>
  new NodeClient({ name, statusUrl: `http://${host}:${http}`, adminUrl: `http://${host}:${admin}` })

/** Drops what the node sends to the others and hears from them. */
const cut = (node: NodeRecord, others: readonly NodeRecord[]): Promise<void> =>
  clientOf(node).putRow(
    {
      id: 'unannounced',
      endsAt: Date.now() + ROWS_END_MS,
      classes: (['in', 'out'] as const).map(direction => ({
        direction,
        link: { drop: true },
        peers: others.map(({ name, peerId, address: { host } }) => ({ name, peerId, host })),
      })),
    },
    { signal: never },
  )

/** Names of the alerts that fire now. */
export const firing = async (prometheus: Prometheus): Promise<string[]> =>
  (await prometheus.alerts()).filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname!)

/** Of the only sample; NaN without one. */
const value = ([sample]: readonly Sample[]): number => sample?.value ?? Number.NaN

async function describeState(prometheus: Prometheus): Promise<string> {
  const [targets, alerts, groups] = await Promise.all([
    prometheus.targets(),
    prometheus.alerts(),
    prometheus.query('{__name__=~"trellis_testnet_.+|trellis_experiment_(faults_active|end_timestamp_seconds)"}'),
  ])
  return JSON.stringify({ targets, alerts, groups }, null, 1)
}
