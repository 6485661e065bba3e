// How one kind of fault is put on a node and taken off it. Acts know nothing of when: fault.ts does.
import type { ClockSkew } from '../../api/node-config.ts'
import type { FaultStatus } from '../../api/observation.ts'
import type { FaultWindow } from '../../api/run.ts'
import { actsOnLinks, actsOnProcesses, type CompiledFault, rowsOf } from '../matrix.ts'
import { pause } from './node-client.ts'
import type { Processes } from './processes.ts'
import type { Holder, Target } from './target.ts'

/** A node that has not taken its row by then counts as not injected. */
const INJECT_TIMEOUT_MS = 3_000
/** A node that another fault has stopped does not answer: it is asked again soon. */
const STOPPED_TIMEOUT_MS = 1_000
const RETRY_MS = 200
const MAX_LISTED_LINKS = 20_000

export interface Act {
  readonly targets: readonly string[]
  /** Puts the fault on a node, which has it until `until` if nobody lifts it. Rejects with the reason when the node has it not. */
  inject(node: string, until: number): Promise<void>
  /** Rejects with the reason when it is still on the node. */
  lift(node: string): Promise<void>
  /**
   * Puts off the end of what lapses, or puts it on again after the node forgot it. Never rejects. Absent where nothing
   * lapses: there doing it twice would be another fault, so it must be on record before it is done.
   */
  readonly renew?: (node: string, until: number) => Promise<void>
  /** An earlier runner has done it and has not lifted it. */
  readonly adopt?: (node: string, until: number) => void
}

export interface ActContext {
  readonly target: Target
  readonly processes: Processes
  readonly window: FaultWindow
  /** Id of the fault's rows and skews. */
  readonly id: string
  readonly now: () => number
  /** True while another fault keeps the node from answering; it takes its row once it is back. */
  readonly isStopped: (node: string) => boolean
  /** True when there is no testnet any more to lift anything from. */
  readonly isGone: () => boolean
}

export function actOf(compiled: CompiledFault, context: ActContext): Act {
  const { target, id, window } = context
  const { fault, targets } = compiled
  if (actsOnProcesses(compiled)) return processAct(compiled, context.processes)
  if (actsOnLinks(compiled)) {
    const peers = target.testnet.nodes.map(({ name, host, peerId }) => ({ name, host, peerId }))
    const rows = rowsOf(compiled, peers, id, 0)
    const item = (node: string, endsAt: number) => ({ ...rows.get(node)!, endsAt })
    return held([...rows.keys()], target.links, item, context, (node, status) => {
      const links = status.links.filter(
        ({ heldBytes, delayedBytes, leakedBytes }) => heldBytes + delayedBytes + leakedBytes > 0,
      )
      window.counters.push({ node, links: links.slice(0, MAX_LISTED_LINKS).map(link => ({ ...link })) })
    })
  }
  const offsetMs = fault.action.kind === 'clock' ? fault.action.offsetMs : 0
  const clocks: Holder<ClockSkew> = target.clocks ?? { put: noClocks, end: noClocks, inForce: noClocks }
  return held(targets, clocks, (_node, endsAt) => ({ id, offsetMs, endsAt }), context)
}

const noClocks = async (): Promise<never> => {
  throw new Error('whoever runs the nodes offers no way to skew their clocks')
}

/** What is held for a while by, or on behalf of, each node: link rows and skews. */
function held<Item extends { readonly id: string; readonly endsAt: number }>(
  targets: readonly string[],
  holder: Holder<Item>,
  item: (node: string, endsAt: number) => Item,
  { id, now, isStopped, isGone }: ActContext,
  counted: (node: string, status: FaultStatus) => void = () => {},
): Act {
  const lifting = new AbortController()
  // Calls that lift must go through although the run was aborted.
  const always = new AbortController().signal
  /** When it lapses at each node by the last that was asked for: nobody need lift it later. */
  const lapses = new Map<string, number>()
  /** Lifting waits for them: a row must not come after its removal. */
  const renewals = new Map<string, Promise<void>>()
  /** Of nodes that were stopped when the fault began: whether they took it in the end. */
  const late = new Map<string, Promise<boolean>>()
  const put = async (node: string, until: number, signal: AbortSignal, timeoutMs: number): Promise<void> => {
    lapses.set(node, Math.max(lapses.get(node) ?? 0, until))
    await holder.put(node, item(node, Math.ceil(until)), { signal, timeoutMs })
  }
  const putWhenBack = async (node: string): Promise<boolean> => {
    while (!lifting.signal.aborted) {
      try {
        await put(node, lapses.get(node) ?? now(), lifting.signal, STOPPED_TIMEOUT_MS)
        return true
      } catch {
        await pause(RETRY_MS, lifting.signal)
      }
    }
    return false
  }
  return {
    targets,
    inject: async (node, until) => {
      if (!isStopped(node)) {
        try {
          return await put(node, until, always, INJECT_TIMEOUT_MS)
        } catch (error) {
          if (!isStopped(node)) throw error
        }
      }
      lapses.set(node, until)
      late.set(node, putWhenBack(node))
    },
    renew: async (node, until) => {
      // One at a time a node: its answer may take longer than the next renewal is away.
      if (lifting.signal.aborted || renewals.has(node)) return
      const renewal = put(node, until, lifting.signal, INJECT_TIMEOUT_MS)
        .catch(() => {})
        .finally(() => renewals.delete(node))
      renewals.set(node, renewal)
      await renewal
    },
    lift: async node => {
      lifting.abort()
      await renewals.get(node)
      // Stopped from before the beginning to after the end: there was no traffic of it to act on.
      if ((await late.get(node)) === false && isStopped(node)) return
      // A node that does not answer obeys the end by itself: trying beyond it is of no use.
      for (;;) {
        try {
          const status = await holder.end(node, id, { signal: always })
          if (status) counted(node, status)
          return
        } catch {
          const left = (lapses.get(node) ?? 0) - now()
          if (left <= 0 || isGone()) return
          await pause(Math.min(RETRY_MS, left), always)
        }
      }
    },
  }
}

function processAct({ fault, targets }: CompiledFault, processes: Processes): Act {
  /** By which a hold is told from others on the same node. */
  const ends = new Map<string, number>()
  switch (fault.action.kind) {
    case 'kill': {
      const { how } = fault.action
      return {
        targets,
        inject: async (node, until) => {
          ends.set(node, until)
          await processes.kill(node, until, how)
        },
        lift: async node => await processes.revive(node, ends.get(node) ?? 0),
        adopt: (node, until) => {
          ends.set(node, until)
          processes.adopt(node, 'kill', until)
        },
      }
    }
    case 'pause':
      return {
        targets,
        inject: async (node, until) => {
          ends.set(node, until)
          await processes.pause(node, until)
        },
        lift: async node => await processes.resume(node, ends.get(node) ?? 0),
        adopt: (node, until) => {
          ends.set(node, until)
          processes.adopt(node, 'pause', until)
        },
      }
    default:
      return { targets, inject: async node => await processes.restart(node), lift: async () => {} }
  }
}
