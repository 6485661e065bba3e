// Writes the runner's part of the experiment's status: what changes at once, countdowns never, and one write at a time.

import { experiments } from '../chaos/stored-experiment.ts'
import type { ObjectName } from '../runtime/resource.ts'
import type { Writer } from '../runtime/writer.ts'
import type { RunnerStatus } from './outcome.ts'
import { persistently } from './persistently.ts'

/** Between two writes at least, so that many short faults do not make many writes. */
const MIN_INTERVAL_MS = 500
const LAST_WITHIN_MS = 30_000

export class StatusWriter {
  readonly #writer: Writer
  readonly #name: ObjectName & { readonly uid?: string | undefined }
  readonly #signal: AbortSignal
  readonly #onProblem: (error: unknown) => void
  #wanted: RunnerStatus | undefined
  #said = ''
  #writing: Promise<void> | undefined
  #over = false

  constructor(
    writer: Writer,
    name: ObjectName & { readonly uid?: string | undefined },
    options: { readonly signal: AbortSignal; readonly onProblem: (error: unknown) => void },
  ) {
    this.#writer = writer
    this.#name = name
    this.#signal = options.signal
    this.#onProblem = options.onProblem
  }

  /** Says it as soon as may be; what could not be written is tried again with the next change. */
  say(status: RunnerStatus): void {
    this.#wanted = status
    this.#writing ??= this.#run().finally(() => {
      this.#writing = undefined
    })
  }

  /** The last word. @throws what the API server said last */
  async end(status: RunnerStatus): Promise<void> {
    this.#over = true
    await this.#writing
    await persistently(LAST_WITHIN_MS, this.#signal, () => this.#write(status))
  }

  async #run(): Promise<void> {
    while (!this.#over && this.#wanted && JSON.stringify(this.#wanted) !== this.#said) {
      const status = this.#wanted
      const text = JSON.stringify(status)
      try {
        await this.#write(status)
        this.#said = text
      } catch (error) {
        this.#onProblem(error)
        return
      }
      await new Promise(resolve => setTimeout(resolve, MIN_INTERVAL_MS))
    }
  }

  async #write(status: RunnerStatus): Promise<void> {
    const { namespace, name, uid } = this.#name
    await this.#writer.applyStatus(experiments, { metadata: { namespace, name, uid }, status }, this.#signal)
  }
}
