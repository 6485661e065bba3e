// A clock fault bit when the node's clock, as its status told it, left the runner's by what the fault says.
import { type Bite, both } from './bite-lifecycle.ts'
import type { Observations, RunRound, Window } from './observations.ts'
import { plural, span } from './wording.ts'

/** How far from the wanted offset a clock may be seen: an answer takes its time, and the clocks of machines drift. */
const TOLERANCE_MS = 50
const TOLERANCE_SHARE = 0.1

export function clockBite(observations: Observations, window: Window): Bite {
  const { action } = window.compiled.fault
  const wanted = action.kind === 'clock' ? action.offsetMs : 0
  const inside = observations.rounds.filter(({ at }) => at > window.from && at < window.to)
  const tolerance = Math.max(TOLERANCE_MS, Math.abs(wanted) * TOLERANCE_SHARE)
  const lines: string[] = []
  let bit: boolean | null = true
  let worst = 0
  for (const node of window.compiled.targets) {
    const before = offset(observations, observations.before, node)
    const during = offset(observations, inside, node, window)
    if (before === undefined || during === undefined) {
      lines.push(`${node}: no sample tells its clock`)
      bit = both(bit, null)
      continue
    }
    const seen = during - before
    worst = Math.max(worst, Math.abs(seen - wanted))
    lines.push(`${node}: its clock went ${signed(seen)}, ${signed(wanted)} wanted`)
    bit = both(bit, Math.abs(seen - wanted) <= tolerance)
  }
  const count = plural(window.compiled.targets.length, 'node')
  const why =
    bit === null
      ? 'the samples do not tell the clocks'
      : bit
        ? `clocks of ${count} seen ${signed(wanted)}`
        : `the clocks of not all of ${count} were seen ${signed(wanted)}`
  return { bit, why, lines, figures: { clockErrorMs: Math.round(worst) } }
}

/** The node's clock minus the runner's. Answers come late, never early: the largest of many is the nearest to the truth. */
function offset(
  { windows }: Observations,
  rounds: readonly RunRound[],
  node: string,
  except?: Window,
): number | undefined {
  let best: number | undefined
  for (const { digests, answeredAt } of rounds) {
    const clock = digests.get(node)?.clock
    const at = answeredAt.get(node)
    if (clock === undefined || at === undefined) continue
    const others = windows
      .filter(other => other !== except && other.from < at && at < other.to && other.compiled.targets.includes(node))
      .reduce((sum, { compiled: { fault } }) => sum + (fault.action.kind === 'clock' ? fault.action.offsetMs : 0), 0)
    best = Math.max(best ?? Number.NEGATIVE_INFINITY, clock - at - others)
  }
  return best
}

const signed = (ms: number): string => `${span(Math.abs(ms))} ${ms < 0 ? 'behind' : 'ahead'}`
