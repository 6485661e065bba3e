// Latency, bandwidth and loss bit when bytes met the links and the fault could act on them: latency when blocks arrived
// later than before, bandwidth when a link was busy, loss when packets were counted as lost or, where nobody counts
// them, so many bytes met it that some must have been.
import { linkUnder } from '../matrix.ts'
import type { Bite } from './bite-lifecycle.ts'
import type { Observations, Window } from './observations.ts'
import { median, percentText, plural, span } from './wording.ts'

/** Fewer deliveries than this say nothing about the delay of blocks. */
const MIN_DELIVERIES = 5
/** Part of the added delay that must show in the deliveries: the rest is allowance for blocks that were late before. */
const VISIBLE_SHARE = 0.5
/** A rate slows nothing on a link that needs it for less than this part of the time. */
const BUSY_SHARE = 0.01
/** Bytes are lost in pieces of about a packet of Ethernet. */
const PACKET_BYTES = 1_500
/** With so many losses expected, the chance of none at all is below 5 %. */
const SURE_LOSSES = 3

export function shapingBite(observations: Observations, window: Window): Bite {
  const { action } = window.compiled.fault
  const counters = window.record.counters
  const delayed = counters.flatMap(({ links }) => links).reduce((sum, { delayedBytes }) => sum + delayedBytes, 0)
  const figures = { delayedBytes: delayed }
  const lines = [`${delayed} bytes delayed at ${plural(counters.length, 'node')}`]
  if (counters.length === 0) return { bit: null, why: 'no node told its link counters', lines, figures }
  if (delayed === 0) return { bit: false, why: 'no link delayed a byte', lines, figures }
  if (action.kind === 'bandwidth') {
    const busiest = Math.max(...counters.flatMap(({ links }) => links.map(link => link.delayedBytes)))
    const use = busiest / ((action.rate * (window.to - window.from)) / 1_000)
    const line = `the busiest link needed ${percentText(use)} of the bandwidth it had`
    const bit = use >= BUSY_SHARE
    const why = bit ? line : `${line}: it slowed nothing`
    return { bit, why, lines: [...lines, line], figures: { ...figures, usePercent: use * 100 } }
  }
  if (action.kind === 'loss') {
    const counted = counters.flatMap(({ links }) => links).flatMap(({ lostPackets }) => lostPackets ?? [])
    if (counted.length > 0) {
      const lost = counted.reduce((sum, packets) => sum + packets, 0)
      const line = `${delayed} bytes met the loss, ${plural(lost, 'packet')} lost`
      return { bit: lost > 0, why: line, lines: [line], figures: { ...figures, lostPackets: lost } }
    }
    const expected = (delayed / PACKET_BYTES) * action.loss
    const line = `${delayed} bytes met the loss, about ${Number(expected.toPrecision(2))} pieces lost`
    const bit = expected >= SURE_LOSSES ? true : null
    const why = bit ? line : `${line}: perhaps none`
    return { bit, why, lines: [line], figures: { ...figures, expectedLosses: expected } }
  }
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
