// One fault from its start to its end: injected at all targets at once, held, and lifted from all.
// Nothing here can leave a fault behind: link rows carry their end, and whatever happens the fault is lifted before the
// promise resolves.
import type { LinkPeer, LinkRow } from '../../api/link.ts'
import type { FaultStatus } from '../../api/observation.ts'
import type { FaultWindow } from '../../api/run.ts'
import { actsOnLinks, type CompiledFault, rowId, rowsOf } from '../matrix.ts'
import type { Lifecycle } from './lifecycle.ts'
import { type NodeClient, pause, reasonOf } from './node-client.ts'

/** Rows end by themselves this much after the planned end: time to inject the last target, and to lift in order. */
export const ROW_ALLOWANCE_MS = 4_000
/** A node that has not taken its row by then counts as not injected. */
const INJECT_TIMEOUT_MS = 3_000
const RETRY_MS = 200
/** A node that another fault has stopped does not answer: it is asked again soon. */
const STOPPED_TIMEOUT_MS = 1_000
const MAX_LISTED_LINKS = 20_000

export interface InjectorOptions {
  readonly experiment: string
  readonly peers: readonly LinkPeer[]
  readonly clients: ReadonlyMap<string, NodeClient>
  readonly lifecycle: Lifecycle | undefined
  readonly now: () => number
  /** True while another fault keeps the node from answering; it takes its row once it is back. */
  readonly isStopped: (node: string) => boolean
  /** Given while the fault is in force: puts a node's row on it again after the node restarted; null when it no longer may. */
  readonly onRenewal: (fault: string, renew: ((node: string) => Promise<void>) | null) => void
  readonly onState: (
    fault: string,
    state: 'injecting' | 'active' | 'lifting' | 'over' | 'failed',
    until: number | null,
  ) => void
}

/** Runs the fault and fills in its window. Lifts at once when the signal aborts. Never rejects. */
export async function runFault(
  compiled: CompiledFault,
  window: FaultWindow,
  options: InjectorOptions,
  signal: AbortSignal,
): Promise<void> {
  const { now, onState } = options
  const { name, durationMs } = compiled.fault
  // Lifting and its calls must go through although the run was aborted.
  const untilLifted = new AbortController().signal
  const rows = actsOnLinks(compiled)
    ? rowsOf(compiled, options.peers, rowId(options.experiment, name), Math.ceil(now() + durationMs + ROW_ALLOWANCE_MS))
    : new Map<string, LinkRow>()
  const act = actsOnLinks(compiled) ? linkAct(rows, window, options) : lifecycleAct(compiled, options)

  onState(name, 'injecting', null)
  const outcomes = await Promise.allSettled(act.targets.map(target => act.inject(target, untilLifted)))
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [{ node: act.targets[index]!, message: reasonOf(outcome.reason) }] : [],
  )
  window.failures.push(...failures)
  if (failures.length === 0) {
    window.injectedAt = now()
    window.plannedEnd = window.injectedAt + durationMs
    onState(name, 'active', window.plannedEnd)
    options.onRenewal(name, async node => await act.renew?.(node, untilLifted))
    await pause(durationMs, signal)
    options.onRenewal(name, null)
  }
  window.liftedAt = failures.length === 0 ? now() : null
  onState(name, 'lifting', null)
  const lifted = await Promise.allSettled(act.targets.map(target => act.lift(target, untilLifted)))
  for (const [index, outcome] of lifted.entries()) {
    if (outcome.status === 'rejected')
      window.failures.push({ node: act.targets[index]!, message: `could not be lifted: ${reasonOf(outcome.reason)}` })
  }
  if (failures.length === 0) window.endedAt = now()
  onState(name, window.failures.length > 0 ? 'failed' : 'over', null)
}

/** How one kind of fault is put on a node and taken off it. */
interface Act {
  readonly targets: readonly string[]
  inject(target: string, signal: AbortSignal): Promise<void>
  lift(target: string, signal: AbortSignal): Promise<void>
  /** A restarted node has forgotten its rows. Never rejects: the next round sees the node again. */
  renew?(target: string, signal: AbortSignal): Promise<void>
}

function linkAct(
  rows: ReadonlyMap<string, LinkRow>,
  window: FaultWindow,
  { clients, now, isStopped }: InjectorOptions,
): Act {
  const record = (node: string, status: FaultStatus | undefined): void => {
    if (!status) return
    const links = status.links.filter(
      ({ heldBytes, delayedBytes, leakedBytes }) => heldBytes + delayedBytes + leakedBytes > 0,
    )
    window.counters.push({ node, links: links.slice(0, MAX_LISTED_LINKS).map(link => ({ ...link })) })
  }
  // Lifting waits for them: a row must not come after its removal.
  const renewals = new Map<string, Promise<void>>()
  /** Of targets that were stopped when the fault began: whether they took their row in the end. */
  const late = new Map<string, Promise<boolean>>()
  const lifting = new AbortController()
  const put = async (target: string, signal: AbortSignal, timeoutMs = INJECT_TIMEOUT_MS): Promise<void> =>
    await clientOf(clients, target).putRow(rows.get(target)!, { signal, timeoutMs })
  const putWhenBack = async (target: string): Promise<boolean> => {
    while (!lifting.signal.aborted) {
      try {
        await put(target, lifting.signal, STOPPED_TIMEOUT_MS)
        return true
      } catch {
        await pause(RETRY_MS, lifting.signal)
      }
    }
    return false
  }
  return {
    targets: [...rows.keys()],
    renew: async (target, signal) => {
      const row = rows.get(target)
      if (!row) return
      const renewal = clientOf(clients, target)
        .putRow(row, { signal, timeoutMs: INJECT_TIMEOUT_MS })
        .catch(() => {})
      renewals.set(target, renewal)
      await renewal
    },
    inject: async (target, signal) => {
      if (!isStopped(target)) {
        try {
          return await put(target, signal)
        } catch (error) {
          if (!isStopped(target)) throw error
        }
      }
      late.set(target, putWhenBack(target))
    },
    lift: async (target, signal) => {
      const row = rows.get(target)!
      const client = clientOf(clients, target)
      lifting.abort()
      await renewals.get(target)
      // Stopped from before the beginning to after the end: there was no traffic of it to act on.
      if ((await late.get(target)) === false && isStopped(target)) return
      // A node that does not answer obeys the row's end by itself: trying beyond it is of no use.
      for (;;) {
        try {
          const ended = await client.deleteRow(row.id, { signal })
          record(target, ended ?? (await endedRow(client, row.id, signal)))
          return
        } catch {
          if (now() >= row.endsAt) return
          await pause(Math.min(RETRY_MS, row.endsAt - now()), signal)
        }
      }
    },
  }
}

/** Counters of a row that ended by itself, while the node keeps them. */
async function endedRow(client: NodeClient, id: string, signal: AbortSignal): Promise<FaultStatus | undefined> {
  const rows = await client.faults({ signal, ended: true })
  return rows.find(row => row.id === id)
}

function lifecycleAct({ fault, targets }: CompiledFault, { lifecycle }: InjectorOptions): Act {
  const driver = (): Lifecycle => {
    if (!lifecycle) throw new Error('whoever runs the nodes offers no way to kill, pause or restart them')
    return lifecycle
  }
  const { kind } = fault.action
  const acts: Readonly<Record<string, Pick<Act, 'inject' | 'lift'>>> = {
    kill: {
      inject: (node, signal) => driver().kill(node, signal),
      lift: (node, signal) => driver().restart(node, signal),
    },
    pause: {
      inject: (node, signal) => driver().pause(node, signal),
      lift: (node, signal) => driver().resume(node, signal),
    },
    restart: { inject: (node, signal) => driver().restart(node, signal), lift: async () => {} },
  }
  const act = acts[kind]!
  return {
    targets,
    inject: async (node, signal) => await act.inject(node, signal),
    lift: async (node, signal) => await act.lift(node, signal),
  }
}

function clientOf(clients: ReadonlyMap<string, NodeClient>, name: string): NodeClient {
  const client = clients.get(name)
  if (!client) throw new Error('no address of the node is known')
  return client
}
