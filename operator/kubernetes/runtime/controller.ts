// Works a queue of keys with a bounded number of workers. A request is only a name: what to do is found out by looking.
import type { Rng } from '../../../api/random.ts'
import { isTerminal, NotLeaderError } from './api-error.ts'
import type { RuntimeMetrics } from './metrics.ts'
import { QueueState } from './queue-state.ts'

/** Keys worked on at a time; each is one testnet or one experiment. */
export const DEFAULT_CONCURRENCY = 4
/** A reconciliation that takes longer is told to end; without it one lost answer would keep its key for ever. */
export const RECONCILE_TIMEOUT_MS = 120_000

export interface Result {
  /** Look again after that time, whatever happens. */
  readonly requeueAfterMs?: number | undefined
}

export interface ControllerOptions {
  readonly name: string
  /**
   * Brings the world nearer to what the object of that key says. Errors are tried again unless terminal. The signal
   * means that it takes too long; a process that ends lets it finish.
   */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Result>
  readonly metrics: RuntimeMetrics
  readonly onError?: (key: string, error: unknown, retryInMs: number | undefined) => void
  readonly concurrency?: number
  readonly timeoutMs?: number
  /** Monotonic milliseconds. */
  readonly now?: () => number
  readonly rng?: Rng
}

export class Controller {
  readonly name: string
  readonly #options: ControllerOptions
  readonly #queue = new QueueState()
  readonly #now: () => number
  readonly #rng: Rng
  readonly #running = new Set<Promise<void>>()
  #signal: AbortSignal | undefined
  #timer: NodeJS.Timeout | undefined
  #timerDue = Number.POSITIVE_INFINITY

  constructor(options: ControllerOptions) {
    this.name = options.name
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#rng = options.rng ?? Math.random
    options.metrics.maxConcurrent.set({ controller: this.name }, options.concurrency ?? DEFAULT_CONCURRENCY)
  }

  /** May be called before `run`, and after its end (when it does nothing that anybody sees). */
  add(key: string): void {
    if (this.#queue.add(key, this.#now())) this.#options.metrics.queueAdds.inc({ name: this.name })
    this.#turn()
  }

  /** Adds the key then, or earlier if that was asked for before. */
  addAfter(key: string, delayMs: number): void {
    this.#queue.addAt(key, this.#now() + delayMs)
    this.#turn()
  }

  /** Takes keys until the signal, then waits for those it has. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#signal) throw new Error(`controller ${this.name} runs already`)
    this.#signal = signal
    this.#turn()
    if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
    clearTimeout(this.#timer)
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Sets the gauges that change without anything happening; call it before a scrape. */
  observe(): void {
    const { metrics } = this.#options
    const times = [...this.#queue.working.values()].map(since => (this.#now() - since) / 1_000)
    metrics.queueDepth.set({ name: this.name }, this.#queue.depth)
    metrics.activeWorkers.set({ controller: this.name }, times.length)
    metrics.unfinishedSeconds.set(
      { name: this.name },
      times.reduce((sum, time) => sum + time, 0),
    )
    metrics.longestSeconds.set({ name: this.name }, Math.max(0, ...times))
  }

  #turn(): void {
    const { concurrency = DEFAULT_CONCURRENCY, metrics } = this.#options
    if (!this.#signal || this.#signal.aborted) return
    const added = this.#queue.wake(this.#now())
    if (added > 0) metrics.queueAdds.inc({ name: this.name }, added)
    while (this.#running.size < concurrency) {
      const taken = this.#queue.take(this.#now())
      if (!taken) break
      metrics.queueSeconds.observe({ name: this.name }, taken.waitedMs / 1_000)
      const work = this.#work(taken.key, this.#signal).finally(() => {
        this.#running.delete(work)
        this.#turn()
      })
      this.#running.add(work)
    }
    this.#arm()
  }

  #arm(): void {
    const due = this.#queue.nextDue ?? Number.POSITIVE_INFINITY
    if (due === this.#timerDue && this.#timer) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#timerDue = due
    if (due === Number.POSITIVE_INFINITY) return
    // setTimeout may come a little early by this clock, and turns anything above 2^31 ms into at once.
    const inMs = Math.min(2 ** 31 - 1, Math.max(0, Math.ceil(due - this.#now())))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#turn()
    }, inMs)
  }

  async #work(key: string, signal: AbortSignal): Promise<void> {
    const { metrics, reconcile, timeoutMs = RECONCILE_TIMEOUT_MS, onError } = this.#options
    const controller = this.name
    const started = this.#now()
    const late = new AbortController()
    const timer = setTimeout(
      () => late.abort(new Error(`reconciliation of ${key} took longer than ${timeoutMs} ms`)),
      timeoutMs,
    )
    try {
      const { requeueAfterMs } = await reconcile(key, late.signal)
      this.#queue.forget(key)
      if (requeueAfterMs !== undefined) this.#queue.addAt(key, this.#now() + requeueAfterMs)
      metrics.reconciles.inc({ controller, result: requeueAfterMs === undefined ? 'success' : 'requeue_after' })
    } catch (error) {
      // Whoever leads now does it; and what ends with the process is no failure.
      if (error instanceof NotLeaderError || signal.aborted) return
      metrics.reconciles.inc({ controller, result: 'error' })
      metrics.reconcileErrors.inc({ controller })
      if (isTerminal(error)) {
        this.#queue.forget(key)
        metrics.terminalErrors.inc({ controller })
        onError?.(key, error, undefined)
      } else {
        const pause = this.#queue.retry(key, this.#now(), this.#rng)
        metrics.queueRetries.inc({ name: controller })
        onError?.(key, error, pause)
      }
    } finally {
      clearTimeout(timer)
      this.#queue.done(key, this.#now())
      const seconds = (this.#now() - started) / 1_000
      metrics.reconcileSeconds.observe({ controller }, seconds)
      metrics.workSeconds.observe({ name: controller }, seconds)
    }
  }
}
