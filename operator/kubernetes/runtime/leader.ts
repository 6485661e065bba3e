// Holds, or waits for, the Lease. The machine (election.ts) decides; here are the requests and the clock.
// Who stops being the leader does not become it again: its term's signal ends, and the process should end too.
import { setTimeout as delay } from 'node:timers/promises'
import type { Rng } from '../../../api/random.ts'
import type { Api } from './api.ts'
import { isConflict, isNotFound, NotLeaderError } from './api-error.ts'
import {
  decide,
  type Election,
  type ElectionTimes,
  electionTimes,
  type LeaseRecord,
  mayWrite,
  mayWriteUntil,
  newElection,
  observed,
  released,
  type SeenLease,
  written,
} from './election.ts'
import { collectionPath, type Lease, type ObjectName, objectPath, resources } from './resource.ts'
import type { WriteGuard } from './writer.ts'

/** Followers do not all ask at one moment; client-go's factor. */
const JITTER = 1.2

export type LeaderNote =
  | { readonly kind: 'leading'; readonly transitions: number }
  | { readonly kind: 'following'; readonly holder: string }
  | { readonly kind: 'lost' }
  | { readonly kind: 'failed'; readonly message: string }

export interface LeaderOptions {
  readonly lease: ObjectName
  /** Must be of this process alone: pod name and a random part. */
  readonly identity: string
  readonly times?: ElectionTimes
  readonly onNote?: (note: LeaderNote) => void
  /** Monotonic milliseconds; must go on while the process is stopped (SIGSTOP). */
  readonly now?: () => number
  readonly rng?: Rng
}

export class Leader implements WriteGuard {
  readonly #api: Api
  readonly #options: LeaderOptions
  readonly #times: ElectionTimes
  readonly #now: () => number
  readonly #term = new AbortController()
  readonly #elected = Promise.withResolvers<void>()
  #state: Election
  #leading = false
  #holder: string | undefined
  #watchdog: NodeJS.Timeout | undefined
  /** False after a failure: what the lease holds now must be read before the next write. */
  #fresh = false

  constructor(api: Api, options: LeaderOptions) {
    this.#api = api
    this.#options = options
    this.#times = options.times ?? electionTimes
    this.#now = options.now ?? (() => performance.now())
    this.#state = newElection(options.identity, this.#times)
  }

  /** Resolves when this process leads; never when it does not come to that. */
  get elected(): Promise<void> {
    return this.#elected.promise
  }

  /** Ends when this process must write no more. */
  get term(): AbortSignal {
    return this.#term.signal
  }

  get isLeader(): boolean {
    return this.#leading && !this.#term.signal.aborted && mayWrite(this.#state, this.#now())
  }

  /**
   * For every write: its signal. The clock is asked, too: after a stop of the whole process the watchdog's timer fires
   * some time after the code that wants to write.
   * @throws NotLeaderError
   */
  check(): AbortSignal {
    this.#expire()
    if (this.#term.signal.aborted) throw this.#term.signal.reason
    if (!this.#leading) throw new NotLeaderError('this process does not lead')
    return this.#term.signal
  }

  /** Seeks the lease and renews it until the signal or the loss of it; then call `release` when all writes are done. */
  async run(signal: AbortSignal): Promise<void> {
    const { rng = Math.random, onNote } = this.#options
    const until = AbortSignal.any([signal, this.#term.signal])
    while (!until.aborted) {
      try {
        await this.#step(until)
      } catch (error) {
        this.#fresh = false
        if (!until.aborted && !isConflict(error)) onNote?.({ kind: 'failed', message: (error as Error).message })
      }
      this.#expire()
      const pause = this.#times.retryMs * (this.#leading ? 1 : 1 + (JITTER - 1) * rng())
      await delay(pause, undefined, { signal: until }).catch(() => {})
    }
  }

  /** Gives the lease to whoever is next. The last thing a process does: nothing may be written after. */
  async release(): Promise<void> {
    const record = released(this.#state, new Date())
    const held = this.isLeader
    this.#lose('this process gave the lease away')
    if (!held || !record || !this.#state.seen) return
    const signal = AbortSignal.timeout(this.#times.renewMs / 2)
    try {
      await this.#write(record, this.#state.seen, signal)
    } catch (error) {
      if (!isConflict(error)) throw error
      // A renewal that was under way when we stopped was taken all the same.
      const now = await this.#read(signal)
      if (now?.record.holderIdentity === this.#options.identity) await this.#write(record, now, signal)
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    if (!this.#leading || !this.#fresh) {
      this.#state = observed(this.#state, await this.#read(signal), this.#now())
      this.#fresh = true
      // Somebody else has it: not by our leave, so this process was away for longer than it knew.
      if (this.#leading && this.#state.heldSince === undefined) return this.#lose()
    }
    const sentAt = this.#now()
    if (this.#leading && !mayWrite(this.#state, sentAt)) return this.#lose()
    const step = decide(this.#state, sentAt, new Date())
    if (step.kind === 'wait') return this.#follow(step.holder)
    const seen = await this.#write(step.record, this.#state.seen, signal)
    // A leader whose answer came too late has lost already, whatever the lease says.
    if (this.#leading && !mayWrite(this.#state, this.#now())) return this.#lose()
    this.#state = written(this.#state, seen, sentAt, this.#now())
    if (mayWrite(this.#state, this.#now())) this.#lead()
  }

  #lead(): void {
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => this.#expire(), Math.max(0, mayWriteUntil(this.#state) - this.#now()) + 1)
    this.#watchdog.unref()
    if (this.#leading) return
    this.#leading = true
    this.#options.onNote?.({ kind: 'leading', transitions: this.#state.seen?.record.leaseTransitions ?? 0 })
    this.#elected.resolve()
  }

  /** Ends the term when its time is over. */
  #expire(): void {
    if (this.#leading && !mayWrite(this.#state, this.#now())) this.#lose()
  }

  #follow(holder: string): void {
    if (this.#holder === holder) return
    this.#holder = holder
    this.#options.onNote?.({ kind: 'following', holder })
  }

  #lose(message = 'another process may lead now'): void {
    clearTimeout(this.#watchdog)
    if (this.#term.signal.aborted) return
    const was = this.#leading
    this.#leading = false
    this.#term.abort(new NotLeaderError(message))
    if (was) this.#options.onNote?.({ kind: 'lost' })
  }

  async #read(signal: AbortSignal): Promise<SeenLease | undefined> {
    try {
      const path = objectPath(resources.leases, this.#options.lease)
      return seenLease(await this.#api.send({ method: 'GET', path, signal, deadlineMs: this.#deadlineMs }))
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** @throws ApiError with status 409 when the lease is no longer as it was seen */
  async #write(record: LeaseRecord, seen: SeenLease | undefined, signal: AbortSignal): Promise<SeenLease> {
    const { lease } = this.#options
    const metadata = { ...lease, ...(seen && { resourceVersion: seen.resourceVersion }) }
    const { apiVersion, kind } = resources.leases
    const request = { body: { apiVersion, kind, metadata, spec: record }, signal, deadlineMs: this.#deadlineMs }
    const answer = seen
      ? await this.#api.send({ method: 'PUT', path: objectPath(resources.leases, lease), ...request })
      : await this.#api.send({ method: 'POST', path: collectionPath(resources.leases, lease.namespace), ...request })
    return seenLease(answer)
  }

  /** One stuck request must leave time for another before the lease is lost. */
  get #deadlineMs(): number {
    return Math.max(1, this.#times.renewMs / 2)
  }
}

function seenLease(answer: Record<string, unknown>): SeenLease {
  const { metadata, spec = {} } = answer as unknown as Lease
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = spec
  return {
    resourceVersion: metadata.resourceVersion ?? '',
    record: {
      holderIdentity: holderIdentity ?? '',
      leaseDurationSeconds: leaseDurationSeconds ?? 0,
      acquireTime: acquireTime ?? '',
      renewTime: renewTime ?? '',
      leaseTransitions: leaseTransitions ?? 0,
    },
  }
}
