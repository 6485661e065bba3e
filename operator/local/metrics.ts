// The metrics of a testnet of this machine as it is seen from outside, on a loopback port of its supervisor. They can be
// read without the token of the control endpoint; nothing else is there.
import type { IncomingMessage } from 'node:http'
import { registerMetrics } from '../../api/metrics/registered.ts'
import { testnetMetrics } from '../../api/metrics/testnet.ts'
import type { NodeStatus } from '../../api/observation.ts'
import { askNode } from '../ask-node.ts'
import { OutsideMetrics } from '../outside-metrics.ts'
import { metricsAnswer, servePlain } from '../plain-server.ts'
import type { Observation } from '../testnet/convergence.ts'
import { claimed } from './experiment-claim.ts'
import { readProgress } from './experiment-progress.ts'
import { GrowthWindow, outcomeOf, runKey, seenExperiment, seenTestnet } from './outside-view.ts'
import type { TestnetRecord } from './record.ts'
import type { Supervisor } from './supervisor.ts'

/** Nodes asked at a time: a thousand at once would time each other out. */
const MAX_AT_ONCE = 64
const MAX_RECENT = 64
/** A node that does not answer within this counts as silent. */
const MAX_ANSWER_MS = 1_500
/** All of them together. */
const MAX_ASK_MS = 5_000
const MIN_ASK_MS = 100
/** Of the time that the scraper waits: the rest is for all the others and for the answer. */
const ASK_SHARE = 0.5
/** Runs that begin and end between two looks are not counted; none is that short. */
const LOOK_MS = 1_000

export interface LocalMetrics {
  readonly port: number
  close(): Promise<void>
}

/** `folder` is the testnet's. */
export async function serveMetrics(folder: string, supervisor: Pick<Supervisor, 'record'>): Promise<LocalMetrics> {
  const metrics = registerMetrics(testnetMetrics)
  const outside = new OutsideMetrics(metrics)
  const { name, chain } = supervisor.record
  const growth = new GrowthWindow(chain.blockIntervalMs)
  // What an earlier supervisor of this folder saw the end of is not counted again.
  const found = readProgress(folder)
  let counted = found && outcomeOf(name, found, claimed(folder)) ? runKey(found) : ''
  const look = () => {
    const running = claimed(folder)
    const told = readProgress(folder)
    const outcome = told && runKey(told) !== counted ? outcomeOf(name, told, running) : undefined
    if (told && outcome) {
      counted = runKey(told)
      outside.count(outcome)
    }
    return seenExperiment(name, running, told)
  }
  const timer = setInterval(look, LOOK_MS)
  let askMs = MAX_ASK_MS
  metrics.onScrape(async () => {
    const { record } = supervisor
    const now = await ask(record, askMs)
    const experiment = look()
    outside.show({
      testnets: [seenTestnet(record, now, growth.next(now))],
      experiments: experiment ? [experiment] : [],
    })
  })
  const server = await servePlain('127.0.0.1', 0, {
    '/metrics': async request => {
      askMs = askWithinMs(request)
      return metricsAnswer(await metrics.scrape())
    },
  })
  return {
    port: server.port,
    close: async () => {
      clearInterval(timer)
      await server.close()
    },
  }
}

/** All nodes asked at one moment, or as near to it as so many can be. */
async function ask({ name: testnet, nodes }: TestnetRecord, withinMs: number): Promise<Observation> {
  const answers = new Map<string, NodeStatus | null>(nodes.map(({ name }) => [name, null]))
  const deadline = Date.now() + withinMs
  const asked = nodes.filter(({ state }) => state === 'ready' || state === 'starting').values()
  const next = async (): Promise<void> => {
    for (const { name, address } of asked) {
      const left = deadline - Date.now()
      // Who was not asked in time counts as silent: a scrape that comes too late tells nothing at all.
      if (left <= 0) return
      const target = { name, host: address.host, port: address.http }
      const { status } = await askNode(target, {
        testnet,
        maxRecent: MAX_RECENT,
        withinMs: Math.min(left, MAX_ANSWER_MS),
      })
      answers.set(name, status ?? null)
    }
  }
  await Promise.all(Array.from({ length: Math.min(MAX_AT_ONCE, nodes.length) }, next))
  return { at: Date.now(), nodes: answers }
}

/** Prometheus says how long it waits. */
function askWithinMs({ headers }: IncomingMessage): number {
  const seconds = Number(headers['x-prometheus-scrape-timeout-seconds'])
  return seconds > 0 ? Math.min(MAX_ASK_MS, Math.max(MIN_ASK_MS, seconds * 1_000 * ASK_SHARE)) : MAX_ASK_MS
}
