// How soon a partition that nobody announced is in Prometheus, and with it on dashboards, and when its alert fires and clears.
// Prometheus scrapes and judges every second here.
import { setTimeout as delay } from 'node:timers/promises'
import type { NodeStatus } from '../../api/observation.ts'
import { headGroups } from '../../operator/testnet/head-groups.ts'
import { prometheusPrograms } from '../observability/debian-prometheus.ts'
import { observeRun } from '../observability/observed-run.ts'
import { type Bench, percentile, type Row } from './row.ts'

const POLL_MS = 50
const SPLIT_WITHIN_MS = 60_000
const chains = 'trellis_testnet_head_groups'
const alert = 'ALERTS{alertname="TestnetPartitioned",alertstate="firing"}'

interface Sight {
  /** From two chains at the nodes to two chains in Prometheus, milliseconds. */
  readonly seen: number
  /** From two chains at the nodes to the alert that fires. */
  readonly fired: number
  /** From the end of the cut to the end of the alert. */
  readonly cleared: number
}

export const observe: Bench = async ({ long, say }) => {
  const found = await prometheusPrograms()
  if ('missing' in found) return []
  const sights: Sight[] = []
  for (let index = 0; index < (long ? 5 : 2); index++) {
    const sight = await look(found.prometheus)
    say(
      `in Prometheus after ${sight.seen} ms, the alert after ${sight.fired} ms, its end ${sight.cleared} ms after the heal`,
    )
    sights.push(sight)
  }
  const row = (name: string, of: (sight: Sight) => number, aim?: string): Row => ({
    name: `${name}, slowest of ${sights.length}`,
    value: percentile(sights.map(of), 100) / 1_000,
    unit: 's',
    ...(aim !== undefined && { aim }),
  })
  return [
    row('from two chains at the nodes to two chains in Prometheus', ({ seen }) => seen, '<= 1 scrape interval (1 s)'),
    row('from two chains at the nodes to the alert, which waits 15 s', ({ fired }) => fired),
    row('from the heal to the end of the alert', ({ cleared }) => cleared),
  ]
}

async function look(program: string): Promise<Sight> {
  let split: Promise<number> | undefined
  const run = await observeRun(program, urls => {
    split = splitAt(urls)
  })
  try {
    const [cutAt, healedAt] = run.unannounced
    const seconds = Math.ceil((healedAt - cutAt) / 1_000)
    /** Of the first sample in the cut for which the expression holds. */
    const first = async (expression: string): Promise<number> => {
      const query = `min(min_over_time(timestamp(${expression})[${seconds}s:100ms]))`
      const [sample] = await run.prometheus.query(query, healedAt)
      return 1_000 * (sample?.value ?? Number.NaN)
    }
    const at = (await split) ?? Number.NaN
    return {
      seen: Math.round((await first(`${chains} > 1`)) - at),
      fired: Math.round((await first(alert)) - at),
      cleared: run.clearedAt - healedAt,
    }
  } finally {
    await run.stop()
  }
}

/** When the nodes themselves first tell of two chains, milliseconds since the epoch. */
async function splitAt(urls: readonly string[]): Promise<number> {
  for (const end = Date.now() + SPLIT_WITHIN_MS; Date.now() < end; await delay(POLL_MS)) {
    const statuses = await Promise.all(
      urls.map(async url => (await (await fetch(`${url}/status`)).json()) as NodeStatus),
    )
    if (headGroups(statuses).length > 1) return Date.now()
  }
  return Number.NaN
}
