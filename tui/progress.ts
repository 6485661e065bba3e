// Progress on stderr: what is being waited for. On a terminal one block of lines that changes in place, elsewhere plain
// lines, each only when it says something new and not more often than once in PLAIN_INTERVAL_MS.
import { stripVTControlCharacters } from 'node:util'
import { cut, widthOf } from './views/width.ts'

const PLAIN_INTERVAL_MS = 1_000

export interface ProgressSink {
  write(text: string): void
  readonly live: boolean
  columns(): number
}

export class Progress {
  readonly #sink: ProgressSink
  readonly #now: () => number
  #shown = 0
  #last = ''
  #lastAt = Number.NEGATIVE_INFINITY

  constructor(sink: ProgressSink, now: () => number = Date.now) {
    this.#sink = sink
    this.#now = now
  }

  /** What goes on now; replaces what was shown before. May be several lines. */
  update(text: string): void {
    if (text === this.#last) return
    if (this.#sink.live) {
      this.#erase()
      const columns = this.#sink.columns()
      // A line that wraps could not be erased again.
      const lines = text
        .split('\n')
        .map(line => (widthOf(line) >= columns ? cut(stripVTControlCharacters(line), columns - 1) : line))
      this.#sink.write(`${lines.join('\n')}\n`)
      this.#shown = lines.length
    } else {
      if (this.#now() - this.#lastAt < PLAIN_INTERVAL_MS) return
      this.#sink.write(`${text}\n`)
    }
    this.#last = text
    this.#lastAt = this.#now()
  }

  /** A line that stays. */
  line(text: string): void {
    this.#erase()
    this.#sink.write(`${text}\n`)
    this.#last = ''
  }

  /** Takes the changing lines away. */
  clear(): void {
    this.#erase()
    this.#last = ''
  }

  #erase(): void {
    // From the first column: a terminal shows a Ctrl-C as `^C` and leaves the cursor behind it.
    if (this.#shown > 0) this.#sink.write(`\r\u001b[${this.#shown}A\u001b[0J`)
    this.#shown = 0
  }
}

export function stderrProgress(live: boolean): Progress {
  return new Progress({
    live,
    write: text => void process.stderr.write(text),
    columns: () => process.stderr.columns || 80,
  })
}
