// Finding 9: blocks travel and are made as before, and nothing restarted that nobody stopped.
import type { Finding } from '../../api/verdict.ts'
import { type Observations, replacedOnPurpose } from './observations.ts'
import { healedRound } from './one-head.ts'
import { finding, median, plural, span } from './wording.ts'

const { measured, unmeasured } = finding('baseline', 'Back to the baseline')

/** Delays vary from run to run of the same network: twice the baseline, or this much more, is still the baseline. */
const DELAY_FACTOR = 2
const DELAY_SLACK_MS = 100
/** Fewer deliveries give no median worth comparing. */
const MIN_DELIVERIES = 8
/** Below this chance of so few blocks at the nominal rate, too few were made. Waiting times are exponential: counts are Poisson. */
const RARE = 0.001

export function baseline(observations: Observations): Finding {
  const { record, events, began, injecting, faults, ended, before, after } = observations
  const limit = `median delay at most ${DELAY_FACTOR} times that before or ${DELAY_SLACK_MS} ms more; not fewer blocks than chance explains; no unexpected restart`
  const restarts = unexpectedRestarts(observations)
  const healed = healedRound(observations)
  if (restarts.length > 0)
    return measured(false, {
      value: `${plural(restarts.length, 'node')} restarted unexpectedly`,
      limit,
      figures: { restarts: restarts.length },
      evidence: restarts,
    })
  if (!faults || !healed || before.length === 0 || after.length === 0)
    return unmeasured('the network did not heal, so there is nothing to compare', { limit })

  const delays = (from: number, to: number): number[] =>
    events('block').flatMap(({ event }) =>
      event.from !== 'self' && event.at >= from && event.at < to ? [event.delayMs] : [],
    )
  const calm = delays(began, injecting)
  const later = delays(healed.at, ended)
  const [calmMs, laterMs] = [median(calm), median(later)]
  const seconds = (ended - healed.at) / 1_000
  const madeBetween = (from: number, to: number): number =>
    new Set(
      events('block').flatMap(({ event }) => (event.at - event.delayMs >= from && event.at < to ? [event.hash] : [])),
    ).size
  const made = madeBetween(healed.at, ended)
  const rate = baselineRate(madeBetween(began, injecting), injecting - began, record.testnet.blockIntervalMs)
  const expected = seconds * 1_000 * rate
  const fewest = poissonFloor(expected, RARE)
  const figures = {
    blocks: made,
    expectedBlocks: Math.round(expected * 10) / 10,
    watchedMs: ended - healed.at,
    ...(calmMs !== undefined && { delayBeforeMs: calmMs }),
    ...(laterMs !== undefined && { delayAfterMs: laterMs }),
  }
  const evidence = [
    `${plural(made, 'block')} in ${span(seconds * 1_000)}, ${expected.toFixed(1)} at the rate before, at least ${fewest} unless by a chance below ${RARE * 100} %`,
  ]
  if (calmMs === undefined || laterMs === undefined || calm.length < MIN_DELIVERIES || later.length < MIN_DELIVERIES) {
    return unmeasured(
      `${plural(calm.length, 'block')} delivered before and ${later.length} after are too few to compare`,
      { limit, figures, evidence },
    )
  }
  const delayOk = laterMs <= Math.max(calmMs * DELAY_FACTOR, calmMs + DELAY_SLACK_MS)
  const value = `block delay ${span(laterMs)} (median), ${span(calmMs)} before; ${plural(made, 'block')} in ${span(seconds * 1_000)}${fewest > 0 ? `, at least ${fewest} must come` : ''}`
  return measured(delayOk && made >= fewest, { value, limit, figures, evidence })
}

/** Blocks per millisecond: the nominal rate, or the rate before the fault where that was already lower than chance explains. */
function baselineRate(made: number, watchedMs: number, blockIntervalMs: number): number {
  const nominal = 1 / blockIntervalMs
  return watchedMs > 0 && made < poissonFloor(watchedMs * nominal, RARE) ? made / watchedMs : nominal
}

/** Above this mean the normal distribution is near enough, and exp(-mean) no longer a number above zero. */
const NORMAL_FROM = 500
/** One-sided deviations of a chance of 0.1 %. */
const NORMAL_DEVIATIONS = 3.09

/** The largest count with P(X < count) below `rare`, of X Poisson with this mean. */
export function poissonFloor(mean: number, rare: number): number {
  if (mean > NORMAL_FROM) return Math.floor(mean - NORMAL_DEVIATIONS * Math.sqrt(mean))
  let probability = Math.exp(-mean)
  let below = 0
  let count = 0
  while (below + probability < rare) {
    below += probability
    count++
    probability *= mean / count
  }
  return count
}

/** Nodes with more processes than faults gave them: a crash in the middle of a fault counts, a kill on purpose does not. */
function unexpectedRestarts(observations: Observations): string[] {
  const expected = replacedOnPurpose(observations)
  const processes = new Map<string, Map<string, number>>()
  for (const { digests } of observations.rounds) {
    for (const [node, { pid, startedAt }] of digests) {
      const known = processes.get(node) ?? new Map<string, number>()
      processes.set(node, known.set(`${pid} ${startedAt}`, pid))
    }
  }
  return [...processes].flatMap(([node, known]) => {
    const allowed = expected.get(node) ?? 0
    if (known.size - 1 <= allowed) return []
    const pids = [...known.values()]
    const told = `${node}: process ${pids.slice(0, 4).join(' became ')}`
    return [allowed > 0 ? `${told}; ${allowed} of it on purpose` : told]
  })
}
