// One fault from its start to its end: injected, held, lifted. Its window in the record is all its state, so a runner that
// takes over from one that died goes on from the window alone.
// Nothing here can leave a fault behind: rows and skews lapse by themselves, and whatever happens the fault is lifted
// before the promise resolves.
import type { FaultWindow } from '../../api/run.ts'
import { type CompiledFault, staggerOf } from '../matrix.ts'
import { type Act, type ActContext, actOf } from './acts.ts'
import { pause, reasonOf } from './node-client.ts'

/** Rows and skews lapse this long after they were last renewed: the longest a fault outlives a runner that was killed. */
export const LEASE_MS = 10_000
export const RENEW_MS = 3_000
/** How rows and skews are kept up, milliseconds. */
export interface Lease {
  readonly lastsMs: number
  readonly renewMs: number
}
const usualLease: Lease = { lastsMs: LEASE_MS, renewMs: RENEW_MS }
/** Rows may outlive the planned end by this much: time to inject the last target, and to lift in order. */
export const ALLOWANCE_MS = 4_000

export interface FaultContext extends ActContext {
  /** That of LEASE_MS and RENEW_MS when absent. */
  readonly lease?: Lease
  /** Resolves when the window, as it is now, outlives this process. */
  readonly save: () => Promise<void>
  /** Given while the fault is in force: puts it on a node again that forgot it; null when it no longer may. */
  readonly onRenewal: (renew: ((node: string) => Promise<void>) | null) => void
  readonly onState: (state: 'injecting' | 'active' | 'lifting' | 'over' | 'failed', until: number | null) => void
}

/** Runs the fault and fills in its window; goes on where the window says it was. Lifts at once when the signal aborts. Never rejects. */
export async function runFault(
  compiled: CompiledFault,
  window: FaultWindow,
  context: FaultContext,
  signal: AbortSignal,
): Promise<void> {
  if (window.endedAt !== null) return context.onState(window.failures.length > 0 ? 'failed' : 'over', null)
  const act = actOf(compiled, context)
  const { durationMs } = compiled.fault
  for (const { node, at, until } of window.hits ?? [])
    if (until === null) act.adopt?.(node, at + durationMs + ALLOWANCE_MS)
  const stagger = staggerOf(compiled)
  context.onState('injecting', null)
  if (stagger > 0) await oneAfterTheOther(act, durationMs, stagger, window, context, signal)
  else await allAtOnce(act, durationMs, window, context, signal)
  if (window.injectedAt !== null) window.endedAt = context.now()
  context.onState(window.failures.length > 0 ? 'failed' : 'over', null)
  await context.save()
}

async function allAtOnce(
  act: Act,
  durationMs: number,
  window: FaultWindow,
  context: FaultContext,
  signal: AbortSignal,
): Promise<void> {
  const { now, lease = usualLease } = context
  const lapse = (end: number): number =>
    Math.min(act.renew ? now() + lease.lastsMs : Number.POSITIVE_INFINITY, end + ALLOWANCE_MS)
  const renewed = window.injectedAt !== null
  if (renewed) await Promise.all(act.targets.map(node => act.renew?.(node, lapse(window.plannedEnd))))
  else await inject(act, act.targets, lapse(now() + durationMs), window, context)
  if (!renewed && window.failures.length === 0) {
    window.injectedAt = now()
    // The clock of a fault starts once all targets have it.
    window.plannedEnd = window.injectedAt + durationMs
    await context.save()
  }
  if (window.failures.length === 0) {
    context.onState('active', window.plannedEnd)
    context.onRenewal(async node => await act.renew?.(node, lapse(window.plannedEnd)))
    while (!signal.aborted && now() < window.plannedEnd) {
      await pause(Math.min(act.renew ? lease.renewMs : Number.POSITIVE_INFINITY, window.plannedEnd - now()), signal)
      if (signal.aborted || now() >= window.plannedEnd) break
      for (const node of act.targets) void act.renew?.(node, lapse(window.plannedEnd))
    }
    context.onRenewal(null)
    window.liftedAt = now()
  }
  context.onState('lifting', null)
  await lift(act, act.targets, window, now)
}

/** Each target has the fault for the whole duration, from its own turn on. One failure ends the row of turns. */
async function oneAfterTheOther(
  act: Act,
  durationMs: number,
  staggerMs: number,
  window: FaultWindow,
  context: FaultContext,
  signal: AbortSignal,
): Promise<void> {
  const { now } = context
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const end = window.plannedStart + (act.targets.length - 1) * staggerMs + durationMs
  await Promise.all(
    act.targets.map(async (node, turn) => {
      const known = window.hits?.find(hit => hit.node === node)
      if (known && known.until !== null) return
      if (!known) {
        await pause(window.plannedStart + turn * staggerMs - now(), either)
        if (either.aborted) return
        if (!(await inject(act, [node], now() + durationMs + ALLOWANCE_MS, window, context))) return over.abort()
        window.injectedAt ??= now()
        context.onState('active', end)
      }
      await pause((window.hits?.find(hit => hit.node === node)?.at ?? now()) + durationMs - now(), either)
      await lift(act, [node], window, now)
      await context.save()
    }),
  )
  if (window.injectedAt !== null) window.liftedAt = now()
}

/** True when all the nodes have it. Those that an earlier runner hit are not hit again where that would be another fault. */
async function inject(
  act: Act,
  nodes: readonly string[],
  until: number,
  window: FaultWindow,
  { now, save }: FaultContext,
): Promise<boolean> {
  const isHit = (node: string): boolean => window.hits?.some(hit => hit.node === node) === true
  const due = act.renew ? nodes : nodes.filter(node => !isHit(node))
  if (!act.renew) {
    window.hits ??= []
    for (const node of due) window.hits.push({ node, at: now(), until: null })
    await save()
  }
  const outcomes = await Promise.allSettled(due.map(node => act.inject(node, until)))
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [{ node: due[index]!, message: reasonOf(outcome.reason) }] : [],
  )
  window.failures.push(...failures)
  return failures.length === 0
}

async function lift(act: Act, nodes: readonly string[], window: FaultWindow, now: () => number): Promise<void> {
  const lifted = await Promise.allSettled(
    nodes.map(async node => {
      await act.lift(node)
      const hit = window.hits?.find(other => other.node === node)
      if (hit) hit.until = now()
    }),
  )
  for (const [index, outcome] of lifted.entries()) {
    if (outcome.status === 'rejected')
      window.failures.push({ node: nodes[index]!, message: `could not be lifted: ${reasonOf(outcome.reason)}` })
  }
}
