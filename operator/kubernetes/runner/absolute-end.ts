// Nothing of a run lasts beyond its absolute end, however late its runner was: one that took over after a long while would
// begin what is left of the faults then, and count their time from there.
import type { Holder, Lifecycle } from '../../../chaos/runner/target.ts'

/** The same holder; what it holds ends at `notAfter`, milliseconds since the epoch, at the latest. */
export const heldUntil = <Item extends { readonly id: string; readonly endsAt: number }>(
  holder: Holder<Item>,
  notAfter: number,
): Holder<Item> => ({
  put: (node, item, options) => holder.put(node, { ...item, endsAt: Math.min(item.endsAt, notAfter) }, options),
  end: (node, id, options) => holder.end(node, id, options),
  inForce: (node, options) => holder.inForce(node, options),
})

/** The same acts, whose ends are `notAfter` at the latest; from then on they are refused. */
export function doneUntil(lifecycle: Lifecycle, notAfter: number, now: () => number): Lifecycle {
  const inTime = (): void => {
    if (now() >= notAfter) throw new Error(`the run was to be over by ${new Date(notAfter).toISOString()}`)
  }
  return {
    kill: async (node, until, signal, how) => {
      inTime()
      await lifecycle.kill(node, Math.min(until, notAfter), signal, how)
    },
    pause: async (node, until, signal) => {
      inTime()
      await lifecycle.pause(node, Math.min(until, notAfter), signal)
    },
    restart: async (node, signal) => {
      inTime()
      await lifecycle.restart(node, signal)
    },
    revive: (node, signal) => lifecycle.revive(node, signal),
    resume: (node, signal) => lifecycle.resume(node, signal),
  }
}
