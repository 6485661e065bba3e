// Experiments on a testnet of this machine of which the runner, the supervisor or a node is killed at a random moment.
// Whatever it was: no row is in force after the lease and a second, the runner ends, and the nodes find one head.
// With TRELLIS_CAMPAIGN=full only: each takes up to a lease. TRELLIS_SEED repeats a campaign.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededRng } from '../../api/random.ts'
import { LEASE_MS } from '../../chaos/runner/fault.ts'
import { until } from '../cluster/until.ts'
import { type CommandLine, commandLine, type Started } from '../local/command-line.ts'
import { isFull } from '../support/campaign.ts'
import { LocalNodes } from './local-nodes.ts'

const ROUNDS = 12
const seed = process.env.TRELLIS_SEED ?? `${Date.now()}`
if (!isFull)
  console.log(`skipped: ${ROUNDS} killed experiments on a testnet of processes; TRELLIS_CAMPAIGN=full runs them`)

const testnet = `apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata:
  name: mortal
spec:
  chain: { blockInterval: 500ms, finality: { checkpointInterval: 4 } }
  network: { topology: { shape: full } }
  groups:
    - { name: miner, role: miner, count: 4 }
`
const experiment = (name: string): string => `apiVersion: trellis.dev/v1alpha1
kind: ChaosExperiment
metadata:
  name: ${name}
spec:
  testnet: mortal
  steadyState: { within: 20s, samples: 2, finalizing: false }
  faults:
    - { name: cut, duration: 5s, partition: { shape: halves } }
    - { name: slow, at: 1s, duration: 3s, latency: { delay: 100ms } }
  heal: { within: 15s, observe: 1s }
`
const victims = ['runner', 'node', 'supervisor'] as const
/** Of the fault's five seconds and a little before and after. */
const KILL_WITHIN_MS = 6_000
const RUNNER_WITHIN_MS = 60_000

describe.skipIf(!isFull)(`a testnet of processes (seed ${seed})`, () => {
  let cli: CommandLine
  async function up(): Promise<void> {
    const { code, stderr } = await cli.run('up', cli.file('testnet.yaml', testnet), '--detach')
    expect(code, stderr).toBe(0)
  }
  beforeAll(async () => {
    cli = commandLine({ TRELLIS_NODE_PROGRAM: undefined })
    await up()
  })
  afterAll(() => cli.remove())

  const rng = seededRng(seed)
  const rounds = Array.from({ length: ROUNDS }, (_, round) => ({
    round,
    victim: victims[round % victims.length]!,
    atMs: Math.round(rng() * KILL_WITHIN_MS),
    node: Math.floor(rng() * 4),
  }))

  test.each(rounds)(
    '$round: $victim killed after $atMs ms',
    { timeout: 180_000 },
    async ({ round, victim, atMs, node }) => {
      const nodes = new LocalNodes(cli.home, 'mortal')
      const started = cli.start(['chaos', 'run', cli.file(`round-${round}.yaml`, experiment(`round-${round}`))])
      let over = false
      void started.ended.then(() => {
        over = true
      })
      const told = { withinMs: RUNNER_WITHIN_MS, describe: () => started.output().stderr }
      await until('the first fault or the end', told, () => over || started.output().stderr.includes('fault cut'))
      await delay(atMs)
      kill(victim === 'runner' ? runnerOf(cli, started) : pidOf(nodes, victim, node))
      if (victim === 'runner') await started.ended
      else await until('the runner ends', told, () => over)
      const none = { withinMs: LEASE_MS + 1_000, describe: () => started.output().stderr }
      await until('no row in force', none, async () => (await nodes.rowsInForce().catch(() => -1)) === 0)
      const oneHead = async (): Promise<boolean> => (await nodes.heads().catch(() => [])).length === 1
      await until(
        'one head',
        { withinMs: 30_000, everyMs: 100, describe: async () => `${await nodes.heads()}` },
        oneHead,
      )
      if (victim === 'supervisor') {
        await cli.run('down', 'mortal')
        await up()
      }
    },
  )
})

function runnerOf({ home }: CommandLine, { child }: Started): number {
  try {
    return (JSON.parse(readFileSync(join(home, 'mortal/experiment.json'), 'utf8')) as { pid: number }).pid
  } catch {
    return child.pid!
  }
}

const pidOf = (nodes: LocalNodes, victim: 'node' | 'supervisor', node: number): number | undefined =>
  victim === 'supervisor' ? nodes.record().supervisor?.pid : nodes.records()[node]?.process?.pid

/** One that has ended by itself meanwhile is as good as killed. */
function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  } catch {}
}
