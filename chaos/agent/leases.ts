// Which rows of which experiments hold, and until when. Pure: times are arguments.
//
// Requests carry times of the wall clock; here they are turned into times of the monotonic clock once, because a wall
// clock that is set back would lengthen every lease.
import type { LinkRow } from '../../api/link.ts'
import { MAX_ENDED, MAX_EXPERIMENTS, MAX_MEMBERS } from './limits.ts'
import type { ActiveRow } from './parts.ts'
import type { Claim } from './token.ts'

/** The same moment by two clocks, milliseconds. */
export interface Now {
  /** Since the epoch. */
  readonly wall: number
  /** Since the machine started; goes on when the agent is started again. */
  readonly monotonic: number
}

export type RefusalCode = 'too-long' | 'too-late' | 'ended' | 'too-many' | 'unknown'

/** A request that may not be done, and what to do instead. */
export class LeaseRefused extends Error {
  readonly code: RefusalCode
  readonly field: string
  constructor(code: RefusalCode, field: string, message: string) {
    super(message)
    this.name = 'LeaseRefused'
    this.code = code
    this.field = field
  }
}

interface HeldRow {
  readonly row: LinkRow
  /** Of the monotonic clock. */
  readonly endsAt: number
}

interface Held {
  readonly until: number
  readonly untilWall: number
  readonly rows: readonly HeldRow[]
}

/** Plain JSON, for the state file. */
export interface LeasesState {
  readonly held: readonly (readonly [string, Held])[]
  /** Ended experiments and the monotonic time from which no token of theirs is good any more. */
  readonly ended: readonly (readonly [string, number])[]
}
export const noLeases: LeasesState = { held: [], ended: [] }

export class Leases {
  readonly #maxLeaseMs: number
  readonly #held: Map<string, Held>
  readonly #ended: Map<string, number>

  constructor(options: { readonly maxLeaseMs: number }, state: LeasesState = noLeases) {
    this.#maxLeaseMs = options.maxLeaseMs
    this.#held = new Map(state.held)
    this.#ended = new Map(state.ended)
  }

  /** Replaces the experiment's rows; one whose end has passed meanwhile does nothing. @throws LeaseRefused, and nothing has changed */
  put(claim: Claim, until: number, rows: readonly LinkRow[], now: Now): void {
    this.#check(claim, until, now)
    for (const [index, { id, endsAt }] of rows.entries()) {
      const field = `rows.${index}.endsAt`
      if (endsAt > claim.notAfter) throw tooLate(field, `row ${id}`, endsAt, claim)
    }
    const { experiment } = claim
    if (!this.#held.has(experiment) && this.#held.size >= MAX_EXPERIMENTS) {
      const message = `${MAX_EXPERIMENTS} experiments hold rows here already; end one of them`
      throw new LeaseRefused('too-many', 'experiment', message)
    }
    const others = [...this.#held].filter(([name]) => name !== experiment).flatMap(([, held]) => held.rows)
    const members = count(others.map(({ row }) => row)) + count(rows)
    if (members > MAX_MEMBERS) {
      const message = `all rows together would name ${members} peers; ${MAX_MEMBERS} at most`
      throw new LeaseRefused('too-many', 'rows', message)
    }
    const held = rows.map(row => ({ row, endsAt: monotonic(row.endsAt, now) }))
    this.#held.set(experiment, { until: monotonic(until, now), untilWall: until, rows: held })
  }

  /** Lets the experiment's rows hold until then. @throws LeaseRefused, also when it holds none: they lapsed and have to be put again */
  renew(claim: Claim, until: number, now: Now): void {
    this.#check(claim, until, now)
    const held = this.#held.get(claim.experiment)
    if (!held) {
      const message = `${claim.experiment} holds nothing here: its lease lapsed or the agent is new; put its rows again`
      throw new LeaseRefused('unknown', 'experiment', message)
    }
    this.#held.set(claim.experiment, { ...held, until: monotonic(until, now), untilWall: until })
  }

  /** Ends the experiment for good; a request of its that was under way comes too late. */
  end({ experiment, notAfter }: Claim, now: Now): void {
    this.#held.delete(experiment)
    this.#ended.delete(experiment)
    this.#ended.set(experiment, monotonic(notAfter, now))
    while (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value!)
  }

  /** Forgets what is over. Returns the rows that were forgotten. */
  expire(at: number): { readonly experiment: string; readonly row: LinkRow }[] {
    const over: { experiment: string; row: LinkRow }[] = []
    for (const [experiment, held] of [...this.#held]) {
      const left = held.rows.filter(({ endsAt }) => Math.min(endsAt, held.until) > at)
      for (const entry of held.rows) if (!left.includes(entry)) over.push({ experiment, row: entry.row })
      if (held.until <= at) this.#held.delete(experiment)
      else if (left.length < held.rows.length) this.#held.set(experiment, { ...held, rows: left })
    }
    for (const [experiment, until] of [...this.#ended]) if (until <= at) this.#ended.delete(experiment)
    return over
  }

  /** Experiments that have a lease. */
  get size(): number {
    return this.#held.size
  }

  /** Rows in force, in the order of experiments and rows. */
  active(): ActiveRow[] {
    return [...this.#held].flatMap(([experiment, { until, rows }]) =>
      rows.map(({ row, endsAt }) => ({ experiment, row, end: Math.min(endsAt, until) })),
    )
  }

  /** When the next row ends, of the monotonic clock; infinite when none holds. */
  nextEnd(): number {
    const ends = [...this.#held.values()].flatMap(({ until, rows }) => [until, ...rows.map(({ endsAt }) => endsAt)])
    return Math.min(Number.POSITIVE_INFINITY, ...ends)
  }

  /** When the experiment's lease ends, milliseconds since the epoch; undefined when it has none. */
  until(experiment: string): number | undefined {
    return this.#held.get(experiment)?.untilWall
  }

  state(): LeasesState {
    return { held: [...this.#held], ended: [...this.#ended] }
  }

  #check(claim: Claim, until: number, now: Now): void {
    const { experiment, notAfter } = claim
    if (this.#ended.has(experiment)) {
      throw new LeaseRefused('ended', 'experiment', `${experiment} was ended; a new run needs a new name`)
    }
    if (until > notAfter) throw tooLate('until', 'the lease', until, claim)
    if (until > now.wall + this.#maxLeaseMs) {
      const message = `the lease would last ${until - now.wall} ms; ${this.#maxLeaseMs} ms at most, then renew it`
      throw new LeaseRefused('too-long', 'until', message)
    }
    if (until <= now.wall) {
      const message = `the lease would have ended ${now.wall - until} ms ago; are the clocks of both ends right?`
      throw new LeaseRefused('too-late', 'until', message)
    }
  }
}

const monotonic = (wall: number, now: Now): number => now.monotonic + (wall - now.wall)

const count = (rows: readonly LinkRow[]): number =>
  rows.reduce((sum, { classes }) => sum + classes.reduce((peers, entry) => peers + entry.peers.length, 0), 0)

function tooLate(field: string, what: string, end: number, { experiment, notAfter }: Claim): LeaseRefused {
  const message = `${what} would end ${end - notAfter} ms after the end of ${experiment}, which its token names`
  return new LeaseRefused('too-late', field, message)
}
