// The table of link rows: what applies to the traffic with a peer in one direction right now, and what it has done.
// It reads no clock: `now` is milliseconds since the epoch.
import { composeLinks, type Link, type LinkClass, type LinkRow, openLink } from '../../api/link.ts'
import type { FaultStatus, LinkCounters } from '../../api/observation.ts'

/** Rows from the administration port that hold at one time. */
export const MAX_ROWS = 64
/** Peers and directions named by all rows together. */
export const MAX_ENTRIES = 50_000
/** A row must end within a day: nobody may forget one for longer. */
export const MAX_ROW_MS = 24 * 60 * 60 * 1_000
/** Rows that have ended and whose counters can still be read. */
export const MAX_ENDED_ROWS = 64
/** Id under which the links that always hold are counted. */
export const STANDING_ID = 'standing'

export type Direction = 'in' | 'out'

/** Who is at the other end, as far as it is known. */
export interface Remote {
  readonly host: string
  readonly peerId?: string
}

export class RowRefused extends Error {
  readonly code: 'past' | 'too-far' | 'too-many' | 'reserved' | 'unsupported'
  constructor(code: RowRefused['code'], message: string) {
    super(message)
    this.name = 'RowRefused'
    this.code = code
  }
}

/** One row's word on one peer and direction, with its counters. */
export interface Entry {
  readonly peer: string
  readonly direction: Direction
  /** Empty when nobody knows it: then the peer is told by its id alone. */
  readonly host: string
  readonly peerId: string
  link: Link
  heldBytes: number
  delayedBytes: number
  leakedBytes: number
}

interface Row {
  readonly id: string
  endsAt: number
  readonly entries: ReadonlyMap<string, Entry>
}

export interface Effect {
  readonly link: Link
  /** What the link is composed of: count bytes here. */
  readonly entries: readonly Entry[]
}

const nothing: Effect = { link: openLink, entries: [] }

export class LinkTable {
  readonly #ownHost: string
  #standing: Row
  readonly #rows = new Map<string, Row>()
  readonly #ended: Row[] = []
  #byHost = new Map<string, Entry[]>()
  #byPeerId = new Map<string, Entry[]>()
  #sharedHosts = new Set<string>()

  /** `ownHost` is where this node listens: peers on the same host are told apart by peer id only. */
  constructor(ownHost: string, standing: readonly LinkClass[]) {
    this.#ownHost = ownHost
    this.#standing = { id: STANDING_ID, endsAt: Number.POSITIVE_INFINITY, entries: entriesOf(standing, undefined) }
    this.#index()
  }

  /** Replaces the links that always hold; the counters of peers that stay go on. */
  stand(standing: readonly LinkClass[]): void {
    this.#standing = { ...this.#standing, entries: entriesOf(standing, this.#standing.entries) }
    this.#index()
  }

  /**
   * Takes a row; one with the same id is replaced and the counters of peers named by both go on.
   * @throws RowRefused when it ends in the past, more than MAX_ROW_MS away, does not fit, or wants what a byte stream cannot do.
   */
  apply(row: LinkRow, now: number): 'applied' | 'replaced' {
    if (row.id === STANDING_ID) throw new RowRefused('reserved', `row id "${STANDING_ID}" is the configuration's own`)
    if (row.classes.some(({ link }) => (link.reordering ?? 0) > 0)) {
      const message = `row "${row.id}" asks for reordering: streams keep their order; only the kernel's net agent can`
      throw new RowRefused('unsupported', message)
    }
    if (row.endsAt <= now) {
      throw new RowRefused('past', `row "${row.id}" ends ${now - row.endsAt} ms ago (endsAt ${row.endsAt}, now ${now})`)
    }
    if (row.endsAt - now > MAX_ROW_MS) {
      throw new RowRefused(
        'too-far',
        `row "${row.id}" ends in ${row.endsAt - now} ms; at most ${MAX_ROW_MS} ms (24 h) are allowed`,
      )
    }
    const old = this.#rows.get(row.id)
    if (!old && this.#rows.size >= MAX_ROWS) {
      throw new RowRefused('too-many', `${MAX_ROWS} rows are in force; remove one first`)
    }
    const named = row.classes.reduce((sum, { peers }) => sum + peers.length, 0)
    const others = this.entryCount - (old?.entries.size ?? 0)
    if (others + named > MAX_ENTRIES) {
      throw new RowRefused('too-many', `row "${row.id}" names ${named} peers; ${MAX_ENTRIES - others} more fit`)
    }
    this.#rows.set(row.id, { id: row.id, endsAt: row.endsAt, entries: entriesOf(row.classes, old?.entries) })
    this.#index()
    return old ? 'replaced' : 'applied'
  }

  /** Ends a row before its time. Returns its last counters, or undefined when there is none of that id. */
  remove(id: string, now: number): FaultStatus | undefined {
    const row = this.#rows.get(id)
    if (!row) return undefined
    this.#end(row, now)
    this.#index()
    return statusOf(row)
  }

  /** Ends the rows whose time has come and returns their ids. */
  expire(now: number): string[] {
    const due = [...this.#rows.values()].filter(row => row.endsAt <= now)
    for (const row of due) this.#end(row, row.endsAt)
    if (due.length > 0) this.#index()
    return due.map(row => row.id)
  }

  /** The earliest end of a row, or null when none is in force. */
  nextEnd(): number | null {
    let next: number | null = null
    for (const row of this.#rows.values()) if (next === null || row.endsAt < next) next = row.endsAt
    return next
  }

  /** What applies to the traffic with `remote` in a direction. */
  effect(remote: Remote, direction: Direction): Effect {
    const host = normalHost(remote.host)
    const byHost = this.#isShared(host) ? undefined : this.#byHost.get(`${direction} ${host}`)
    const byId = remote.peerId ? this.#byPeerId.get(`${direction} ${remote.peerId}`) : undefined
    if (!byHost && !byId) return nothing
    const entries = [...new Set([...(byHost ?? []), ...(byId ?? [])])]
    return { link: entries.reduce((link, entry) => composeLinks(link, entry.link), openLink), entries }
  }

  /** Rows in force, the latest ended ones after them when asked for; the standing links are not among them. */
  status(options: { readonly ended?: boolean } = {}): FaultStatus[] {
    const rows = [...this.#rows.values(), ...(options.ended ? this.#ended.toReversed() : [])]
    return rows.map(statusOf)
  }

  /** A row in force, or the last one of that id that ended (its `endsAt` is then when it did). */
  find(id: string): FaultStatus | undefined {
    const row = this.#rows.get(id) ?? this.#ended.findLast(ended => ended.id === id)
    return row && statusOf(row)
  }

  get rowIds(): string[] {
    return [...this.#rows.keys()]
  }

  get entryCount(): number {
    let count = 0
    for (const row of this.#rows.values()) count += row.entries.size
    return count
  }

  #end(row: Row, at: number): void {
    this.#rows.delete(row.id)
    row.endsAt = Math.min(row.endsAt, at)
    this.#ended.push(row)
    if (this.#ended.length > MAX_ENDED_ROWS) this.#ended.shift()
  }

  #isShared(host: string): boolean {
    return host === normalHost(this.#ownHost) || this.#sharedHosts.has(host)
  }

  #index(): void {
    this.#byHost = new Map()
    this.#byPeerId = new Map()
    this.#sharedHosts = new Set()
    const idOfHost = new Map<string, string>()
    for (const row of [this.#standing, ...this.#rows.values()]) {
      for (const entry of row.entries.values()) {
        push(this.#byPeerId, `${entry.direction} ${entry.peerId}`, entry)
        if (entry.host === '') continue
        push(this.#byHost, `${entry.direction} ${entry.host}`, entry)
        const known = idOfHost.get(entry.host)
        if (known !== undefined && known !== entry.peerId) this.#sharedHosts.add(entry.host)
        idOfHost.set(entry.host, entry.peerId)
      }
    }
  }
}

/** One spelling of a host: lower case, without the IPv6 form of an IPv4 address. */
export function normalHost(host: string): string {
  return host.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
}

function entriesOf(classes: readonly LinkClass[], old: ReadonlyMap<string, Entry> | undefined): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  for (const { direction, link, peers } of classes) {
    for (const { name, host, peerId } of peers) {
      const key = `${direction} ${peerId} ${host}`
      const twice = entries.get(key)
      if (twice) {
        twice.link = composeLinks(twice.link, link)
        continue
      }
      const { heldBytes, delayedBytes, leakedBytes } = old?.get(key) ?? {
        heldBytes: 0,
        delayedBytes: 0,
        leakedBytes: 0,
      }
      const counters = { heldBytes, delayedBytes, leakedBytes }
      entries.set(key, { peer: name, direction, host: normalHost(host), peerId, link, ...counters })
    }
  }
  return entries
}

function statusOf(row: Row): FaultStatus {
  const links = [...row.entries.values()].map(
    ({ peer, direction, heldBytes, delayedBytes, leakedBytes }): LinkCounters => ({
      peer,
      direction,
      heldBytes,
      delayedBytes,
      leakedBytes,
    }),
  )
  return { id: row.id, endsAt: row.endsAt, links }
}

function push(map: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = map.get(key)
  if (list) list.push(entry)
  else map.set(key, [entry])
}
