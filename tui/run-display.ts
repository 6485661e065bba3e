// A running experiment on stderr: a block that is redrawn on a terminal, elsewhere a line when something changed.
import type { Progress as RunProgress } from '../chaos/runner/progress.ts'
import type { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'
import { progressBlock, progressLine } from './views/chaos-progress.ts'

/** A plain log gets a line this often although nothing but the height changed. */
const PLAIN_EVERY_MS = 5_000
/** The countdown goes on between rounds. */
const REDRAW_MS = 500

export class RunDisplay {
  readonly #progress: Progress
  readonly #terminal: Terminal
  readonly #timer: NodeJS.Timeout
  #last: RunProgress | undefined
  #toldAt = 0
  #toldPhase = ''
  #toldLine = ''

  constructor(progress: Progress, terminal: Terminal) {
    this.#progress = progress
    this.#terminal = terminal
    this.#timer = setInterval(() => this.#show(), REDRAW_MS)
  }

  tell(progress: RunProgress): void {
    this.#last = progress
    this.#show()
  }

  close(): void {
    clearInterval(this.#timer)
    this.#progress.clear()
  }

  #show(): void {
    const last = this.#last
    if (last === undefined || last.phase === 'done') return
    const now = Date.now()
    if (this.#terminal.live) {
      this.#progress.update(progressBlock(last, now, this.#terminal.errorPaint))
      return
    }
    const key = `${last.phase} ${last.faults.map(fault => fault.state).join()}`
    if (key === this.#toldPhase && now - this.#toldAt < PLAIN_EVERY_MS) return
    this.#toldAt = now
    this.#toldPhase = key
    const line = progressLine(last, now)
    if (line !== this.#toldLine) this.#progress.line(line)
    this.#toldLine = line
  }
}
