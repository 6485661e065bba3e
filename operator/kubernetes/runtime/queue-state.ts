// The decisions of a work queue, without timers and workers: which key is worked on next. Pure but for its own tables.
// A key is at most once in the queue and never with two workers; what is added while it is worked on comes after.
import type { Rng } from '../../../api/random.ts'
import { type Backoff, backoffMs, reconcileBackoff } from './backoff.ts'

export class QueueState {
  readonly #backoff: Backoff
  /** Waiting to be taken, oldest first, with the time each was added. */
  readonly #ready = new Map<string, number>()
  /** With a worker, with the time it was taken. */
  readonly #working = new Map<string, number>()
  /** Added while a worker has it. */
  readonly #again = new Set<string>()
  /** Due later; always the earliest time asked for. */
  readonly #delayed = new Map<string, number>()
  readonly #failures = new Map<string, number>()

  constructor(backoff: Backoff = reconcileBackoff) {
    this.#backoff = backoff
  }

  get depth(): number {
    return this.#ready.size
  }

  get working(): ReadonlyMap<string, number> {
    return this.#working
  }

  get delayed(): number {
    return this.#delayed.size
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  /** False when the key was waiting already. */
  add(key: string, now: number): boolean {
    if (this.#working.has(key)) {
      if (this.#again.has(key)) return false
      this.#again.add(key)
      return true
    }
    if (this.#ready.has(key)) return false
    // A timer for later may stay: what asked for it wants to look again then.
    this.#ready.set(key, now)
    return true
  }

  addAt(key: string, due: number): void {
    const before = this.#delayed.get(key)
    if (before === undefined || due < before) this.#delayed.set(key, due)
  }

  /** Moves what is due into the queue; returns how many keys were added. */
  wake(now: number): number {
    let added = 0
    for (const [key, due] of this.#delayed) {
      if (due > now) continue
      this.#delayed.delete(key)
      if (this.add(key, now)) added++
    }
    return added
  }

  /** When `wake` has something to do next. */
  get nextDue(): number | undefined {
    let next: number | undefined
    for (const due of this.#delayed.values()) if (next === undefined || due < next) next = due
    return next
  }

  /** The next key for a worker, and how long it waited. */
  take(now: number): { key: string; waitedMs: number } | undefined {
    for (const [key, since] of this.#ready) {
      this.#ready.delete(key)
      this.#working.set(key, now)
      return { key, waitedMs: now - since }
    }
    return undefined
  }

  /** A worker is through with a key: once more at once if it was added meanwhile. */
  done(key: string, now: number): void {
    this.#working.delete(key)
    if (this.#again.delete(key)) this.#ready.set(key, now)
  }

  /** The key failed: due after a pause that grows. Returns the pause, milliseconds. */
  retry(key: string, now: number, rng: Rng): number {
    const failures = this.failures(key) + 1
    this.#failures.set(key, failures)
    const pause = backoffMs(this.#backoff, failures, rng)
    this.addAt(key, now + pause)
    return pause
  }

  /** The key succeeded, or nobody can help it: the next failure is a first one. */
  forget(key: string): void {
    this.#failures.delete(key)
  }
}
