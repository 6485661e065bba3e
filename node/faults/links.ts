// The rows in force on this node, with the node's own clock: a row's end is obeyed here, without being told again.
import type { LinkClass, LinkRow } from '../../api/link.ts'
import type { FaultStatus } from '../../api/observation.ts'
import { blocks } from './shaper.ts'
import { type Direction, type Effect, type Entry, LinkTable, type Remote } from './table.ts'

export interface LinksOptions {
  /** Host this node listens on; peers on the same host are told apart by peer id. */
  readonly ownHost: string
  /** Links that always hold (standing.ts). */
  readonly standing?: readonly LinkClass[]
  /** Told of every row that is applied, replaced or ended: the node's `faults` event. */
  readonly onRow?: (id: string, change: 'applied' | 'replaced' | 'ended') => void
}

/** Bytes of all connections since the node started, by direction. */
export interface LinkTotals {
  heldBytes: number
  delayedBytes: number
  leakedBytes: number
}

export class Links {
  readonly #table: LinkTable
  readonly #onRow: NonNullable<LinksOptions['onRow']>
  readonly #listeners = new Set<() => void>()
  readonly totals: Readonly<Record<Direction, LinkTotals>> = {
    in: { heldBytes: 0, delayedBytes: 0, leakedBytes: 0 },
    out: { heldBytes: 0, delayedBytes: 0, leakedBytes: 0 },
  }
  #timer: NodeJS.Timeout | undefined

  constructor(options: LinksOptions) {
    this.#table = new LinkTable(options.ownHost, options.standing ?? [])
    this.#onRow = options.onRow ?? (() => {})
  }

  /** The links that always hold are these from now on. */
  stand(standing: readonly LinkClass[]): void {
    this.#table.stand(standing)
    this.#changed()
  }

  /** Takes a row. @throws RowRefused (see LinkTable.apply) */
  apply(row: LinkRow): 'applied' | 'replaced' {
    const change = this.#table.apply(row, Date.now())
    this.#onRow(row.id, change)
    this.#changed()
    return change
  }

  /** Ends a row now. Returns its last counters, undefined when there is none of that id. */
  remove(id: string): FaultStatus | undefined {
    const status = this.#table.remove(id, Date.now())
    if (!status) return undefined
    this.#onRow(id, 'ended')
    this.#changed()
    return status
  }

  /** Ends every row from the administration port; the standing links stay. Returns the rows' last counters. */
  clear(): FaultStatus[] {
    return this.#table.rowIds.flatMap(id => this.remove(id) ?? [])
  }

  status(options?: { readonly ended?: boolean }): FaultStatus[] {
    return this.#table.status(options)
  }

  find(id: string): FaultStatus | undefined {
    return this.#table.find(id)
  }

  effect(remote: Remote, direction: Direction): Effect {
    return this.#table.effect(remote, direction)
  }

  /** `listener` is called after any row began, changed or ended. Returns the way to stop it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Connections and others that listen: 0 when every connection is gone. */
  get subscribers(): number {
    return this.#listeners.size
  }

  /** Counts bytes that met the links of `entries`: held where an entry drops, delayed where it only slows. */
  met(entries: readonly Entry[], direction: Direction, bytes: number): void {
    let held = false
    for (const entry of entries) {
      if (blocks(entry.link)) {
        held = true
        entry.heldBytes += bytes
      } else entry.delayedBytes += bytes
    }
    if (held) this.totals[direction].heldBytes += bytes
    else if (entries.length > 0) this.totals[direction].delayedBytes += bytes
  }

  /** Counts bytes that got through: they are leaked when a drop was in force, which must not happen. */
  delivered(entries: readonly Entry[], direction: Direction, bytes: number): void {
    let leaked = false
    for (const entry of entries) {
      if (!blocks(entry.link)) continue
      leaked = true
      entry.leakedBytes += bytes
    }
    if (leaked) this.totals[direction].leakedBytes += bytes
  }

  /** Stops the timer. Rows in force stay as they are. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#listeners.clear()
  }

  #changed(): void {
    clearTimeout(this.#timer)
    const next = this.#table.nextEnd()
    if (next !== null) {
      // A timer may fire a little early by the wall clock; then it is set again.
      this.#timer = setTimeout(() => this.#expire(), Math.max(0, next - Date.now()))
      this.#timer.unref()
    }
    for (const listener of [...this.#listeners]) listener()
  }

  #expire(): void {
    for (const id of this.#table.expire(Date.now())) this.#onRow(id, 'ended')
    this.#changed()
  }
}
