// Link rows that follow the pods: a row names the addresses that nodes have now, and when a pod comes back with another
// one, every row that names it is put again, and the new pod gets its own. The runner need not know.
import type { LinkRow } from '../../../api/link.ts'
import type { FaultStatus } from '../../../api/observation.ts'
import type { CallOptions } from '../../../chaos/runner/node-client.ts'
import { pause } from '../../../chaos/runner/node-client.ts'
import type { Holder } from '../../../chaos/runner/target.ts'

/** A pod that has just got its address may not listen yet. */
const AGAIN_MS = 200
const PUT_TIMEOUT_MS = 1_000

export interface Addresses {
  /** The node's address on the wire now; empty when it has none. */
  hostOf(node: string): string
  onChange(listener: (node: string) => void): void
}

export class CoveringLinks implements Holder<LinkRow> {
  readonly #inner: Holder<LinkRow>
  readonly #addresses: Addresses
  readonly #signal: AbortSignal
  readonly #now: () => number
  /** What each node is to hold, by node and id. */
  readonly #rows = new Map<string, Map<string, LinkRow>>()
  /** One thing at a time for each node: a row must not come after its removal. */
  readonly #turns = new Map<string, Promise<unknown>>()
  /** Of each node, how often the addresses it names have changed: an older attempt gives way. */
  readonly #versions = new Map<string, number>()

  /** Works until the signal aborts. */
  constructor(inner: Holder<LinkRow>, addresses: Addresses, signal: AbortSignal, now: () => number = Date.now) {
    this.#inner = inner
    this.#addresses = addresses
    this.#signal = signal
    this.#now = now
    addresses.onChange(node => {
      for (const [holder, rows] of this.#rows)
        if (holder === node || [...rows.values()].some(row => names(row, node))) void this.#again(holder)
    })
  }

  async put(node: string, row: LinkRow, options: CallOptions): Promise<void> {
    const rows = this.#rows.get(node) ?? new Map<string, LinkRow>()
    this.#rows.set(node, rows.set(row.id, row))
    await this.#next(node, () => this.#inner.put(node, this.#addressed(row), options))
  }

  async end(node: string, id: string, options: CallOptions): Promise<FaultStatus | undefined> {
    this.#rows.get(node)?.delete(id)
    return await this.#next(node, () => this.#inner.end(node, id, options))
  }

  inForce(node: string, options: CallOptions): Promise<readonly string[]> {
    return this.#inner.inForce(node, options)
  }

  async #again(node: string): Promise<void> {
    const version = (this.#versions.get(node) ?? 0) + 1
    this.#versions.set(node, version)
    const due = new Set(this.#rows.get(node)?.keys())
    while (due.size > 0 && !this.#signal.aborted && this.#versions.get(node) === version) {
      for (const id of due) {
        await this.#next(node, async () => {
          const row = this.#rows.get(node)?.get(id)
          // Ended meanwhile, or its lease: nothing is left to cover.
          if (!row || row.endsAt <= this.#now()) return void due.delete(id)
          try {
            await this.#inner.put(node, this.#addressed(row), { signal: this.#signal, timeoutMs: PUT_TIMEOUT_MS })
            due.delete(id)
          } catch {
            // Once more below.
          }
        })
      }
      if (due.size > 0) await pause(AGAIN_MS, this.#signal)
    }
  }

  #addressed({ classes, ...row }: LinkRow): LinkRow {
    return {
      ...row,
      classes: classes.map(({ peers, ...same }) => ({
        ...same,
        peers: peers.map(peer => ({ ...peer, host: this.#addresses.hostOf(peer.name) })),
      })),
    }
  }

  async #next<T>(node: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(node) ?? Promise.resolve()).then(work)
    this.#turns.set(
      node,
      turn.catch(() => {}),
    )
    return await turn
  }
}

const names = ({ classes }: LinkRow, node: string): boolean =>
  classes.some(({ peers }) => peers.some(({ name }) => name === node))
