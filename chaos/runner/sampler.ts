// Asks every node for its status, round after round, until told to stop.
import type { RunRound } from '../verdict/observations.ts'
import { type NodeClient, pause } from './node-client.ts'
import type { Recorder } from './recorder.ts'

/** A node that does not answer in this time counts as silent in the round: longer than a busy machine needs. */
const PATIENT_MS = 2_000
/** While faults last silence is expected of some, and the others shall not be looked at less often for it. */
export const IMPATIENT_MS = 800

export class Sampler {
  readonly rounds: RunRound[] = []
  /** Milliseconds from the start of one round to the next. */
  intervalMs: number
  answerWithinMs = PATIENT_MS
  readonly #clients: readonly NodeClient[]
  readonly #recorder: Recorder
  readonly #stop = new AbortController()
  readonly #now: () => number
  readonly #firstRound: number
  #waiting: (() => void)[] = []
  #done: Promise<void> | undefined

  constructor(
    clients: readonly NodeClient[],
    recorder: Recorder,
    options: { readonly intervalMs: number; readonly now: () => number; readonly firstRound?: number },
  ) {
    this.#clients = clients
    this.#recorder = recorder
    this.intervalMs = options.intervalMs
    this.#now = options.now
    // Round 0 is that of a checkpoint.
    this.#firstRound = options.firstRound ?? 1
  }

  start(onRound: (round: RunRound) => void): void {
    this.#done = this.#run(onRound)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#done
    this.#wake()
  }

  /** The first answer other than undefined that `look` gives, asked after every round; undefined at the deadline or when the signal aborts. */
  async until<T>(
    look: (rounds: readonly RunRound[]) => T | undefined,
    deadline: number,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    for (;;) {
      const seen = look(this.rounds)
      if (seen !== undefined || signal.aborted || this.#now() >= deadline || this.#stop.signal.aborted) return seen
      const waited = new AbortController()
      const next = new Promise<void>(resolve => this.#waiting.push(resolve))
      await Promise.race([next, pause(deadline - this.#now(), AbortSignal.any([signal, waited.signal]))])
      waited.abort()
    }
  }

  async #run(onRound: (round: RunRound) => void): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const begun = this.#now()
      const answers = await Promise.all(
        this.#clients.map(async client => {
          const status = await client.status({ signal, timeoutMs: this.answerWithinMs }).catch(() => null)
          return { node: client.name, at: this.#now(), status }
        }),
      )
      if (signal.aborted) return
      const round = this.#recorder.round(this.#firstRound + this.rounds.length, answers)
      this.rounds.push(round)
      onRound(round)
      this.#wake()
      await pause(this.intervalMs - (this.#now() - begun), signal)
    }
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
