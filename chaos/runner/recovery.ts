// After the faults: waits for one head on all nodes, then watches the healed network for its baseline.
import { firstStable } from '../convergence.ts'
import { observeMs } from '../run-length.ts'
import { mesh } from '../verdict/mesh.ts'
import { observe, type RunRound } from '../verdict/observations.ts'
import { reconnected } from '../verdict/reconnected.ts'
import { findFates, noteDuringFault } from './canaries.ts'
import { pause } from './node-client.ts'
import type { Session } from './session.ts'

/** While the network heals, the time to one head is measured: finer rounds. */
const HEAL_SAMPLE_MS = 250
const SETTLE_CHECK_MS = 1_000

export async function recover(session: Session): Promise<void> {
  const { experiment, recorder, sampler, signal, now } = session
  const { withinMs, samples } = experiment.heal
  sampler.intervalMs = session.interval(HEAL_SAMPLE_MS)
  const { windows } = recorder.record
  const ended = Math.max(session.enteredAt('inject') ?? now(), ...windows.map(({ endedAt }) => endedAt ?? 0))
  const deadline = ended + withinMs
  session.enter('heal', 'one head on all nodes', deadline)
  await session.save()
  await noteDuringFault(session, signal)
  const after = (rounds: readonly RunRound[]): RunRound[] => rounds.filter(({ at }) => at >= ended)
  // Two intervals more: the last round within the limit must have its stretch of stable rounds behind it.
  const healed = await sampler.until(
    rounds => firstStable(after(rounds), samples),
    deadline + (samples + 2) * sampler.intervalMs,
    signal,
  )
  const failed = windows.some(({ failures }) => failures.length > 0)
  if (healed && !failed) await watch(session, healed.at, deadline)
  else await findFates(firstHeight(session), session, signal)
}

/** Watches the healed network for its baseline, and longer, up to the deadline, while something has not settled. */
async function watch(session: Session, healedAt: number, deadline: number): Promise<void> {
  const { experiment, testnet, now, signal } = session
  const enough = healedAt + observeMs(experiment, testnet.blockIntervalMs)
  const end = Math.max(deadline, enough)
  session.enter('observe', 'peers, mesh and block delay to be as before', enough)
  await pause(enough - now(), signal)
  while (!signal.aborted) {
    await findFates(firstHeight(session), session, signal)
    const observations = observe(session.record)
    const back = [reconnected, mesh].every(question => question(observations).passed !== false)
    if (
      (back && session.record.canaries.every(({ fate }) => fate === 'included' || fate === 'refused')) ||
      now() >= end
    )
      return
    session.waitUntil(end)
    await pause(Math.min(SETTLE_CHECK_MS, end - now()), signal)
  }
}

/** Of the lowest head when injecting began: no canary stands in a block below it. */
function firstHeight({ record }: Session): number {
  const injecting = record.phases.find(({ phase }) => phase === 'inject')?.at ?? 0
  const before = record.samples.filter(({ at, status }) => at <= injecting && status !== null)
  const last = before.at(-1)?.round
  const heights = before.filter(({ round }) => round === last).map(({ status }) => status!.head.height)
  return heights.length > 0 ? Math.min(...heights) : 0
}
