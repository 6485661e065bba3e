// Latency, bandwidth and loss bit when the links delayed bytes; latency also when blocks arrived later than before.
import { linkUnder } from '../matrix.ts'
import type { Bite } from './bite-lifecycle.ts'
import type { Observations, Window } from './observations.ts'
import { median, plural, span } from './wording.ts'

/** Fewer deliveries than this say nothing about the delay of blocks. */
const MIN_DELIVERIES = 5
/** Part of the added delay that must show in the deliveries: the rest is allowance for blocks that were late before. */
const VISIBLE_SHARE = 0.5

export function shapingBite(observations: Observations, window: Window): Bite {
  const { action } = window.compiled.fault
  const counters = window.record.counters
  const delayed = counters.flatMap(({ links }) => links).reduce((sum, { delayedBytes }) => sum + delayedBytes, 0)
  const figures = { delayedBytes: delayed }
  const lines = [`${delayed} bytes delayed at ${plural(counters.length, 'node')}`]
  if (counters.length === 0) return { bit: null, why: 'no node told its link counters', lines, figures }
  if (delayed === 0) return { bit: false, why: 'no link delayed a byte', lines, figures }
  if (action.kind !== 'latency') return { bit: true, why: lines[0]!, lines, figures }

  const { began, injecting } = observations
  const calm = median(delays(observations, window, began, injecting))
  const during = delays(observations, window, window.from, window.to)
  const slow = median(during)
  if (calm === undefined || slow === undefined || during.length < MIN_DELIVERIES) {
    return { bit: true, why: `${lines[0]}; too few deliveries to see it in blocks`, lines, figures }
  }
  const line = `blocks over these links took ${span(slow)} (median), ${span(calm)} before`
  const all = { delayedBytes: delayed, delayBeforeMs: calm, delayDuringMs: slow }
  const seen = slow - calm >= action.delayMs * VISIBLE_SHARE
  return {
    bit: seen,
    why: seen ? line : `${line}: the delay of ${span(action.delayMs)} is not seen`,
    lines: [...lines, line],
    figures: all,
  }
}

/** Delays of blocks that came over a link of the fault. */
function delays({ events, nodeOf }: Observations, { compiled }: Window, from: number, to: number): number[] {
  return events('block').flatMap(({ node, event }) => {
    const sender = nodeOf(event.from)
    const affected =
      sender && event.at >= from && event.at < to && linkUnder(compiled, sender.name, node).delayMs !== undefined
    return affected ? [event.delayMs] : []
  })
}
