// How long blocks took from their producer to a node: made and delivered before the faults, while they lasted, and once
// the network had healed. What was held by a cut and came after it stands in none of them: it says how long the cut was.
import type { Observations } from '../../verdict/observations.ts'
import { healedRound } from '../../verdict/one-head.ts'

export interface DelaySpread {
  readonly name: 'before' | 'during' | 'after'
  readonly count: number
  /** Milliseconds; null of too few deliveries. */
  readonly quantiles: {
    readonly p5: number
    readonly p25: number
    readonly p50: number
    readonly p75: number
    readonly p95: number
  } | null
}

const MIN_DELIVERIES = 3

export function delaySpreads(observations: Observations): DelaySpread[] {
  const { faults, began, injecting, ended } = observations
  const healed = healedRound(observations)?.at
  return [
    spread(observations, 'before', began, Math.min(injecting, ended)),
    ...(faults ? [spread(observations, 'during', faults.from, faults.to)] : []),
    ...(faults && healed !== undefined ? [spread(observations, 'after', healed, ended)] : []),
  ]
}

function spread({ events }: Observations, name: DelaySpread['name'], from: number, to: number): DelaySpread {
  const delays = events('block')
    .flatMap(({ event }) =>
      event.from !== 'self' && event.at - event.delayMs >= from && event.at < to ? [event.delayMs] : [],
    )
    .sort((a, b) => a - b)
  const at = (share: number): number => delays[Math.round(share * (delays.length - 1))]!
  return {
    name,
    count: delays.length,
    quantiles:
      delays.length < MIN_DELIVERIES
        ? null
        : { p5: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) },
  }
}
