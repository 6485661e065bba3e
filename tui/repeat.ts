// Shows something once, or with --watch until Ctrl-C: drawn over itself on a terminal, elsewhere only what changed.
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { ApiError, ConnectionError } from '../operator/kubernetes/runtime/api-error.ts'
import { listenForInterrupts } from './interrupts.ts'
import { type Format, type Line, type Listing, linesOf } from './output.ts'
import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'

const LOOK_EVERY_MS = 1_000

export interface RepeatOptions {
  readonly output?: Format
  readonly watch?: boolean
}

export const addWatchOption = (command: Command): Command =>
  command.addOption(
    new Option('-w, --watch', 'go on until Ctrl-C; where nothing can be redrawn, what changed is added'),
  )

/** Shows what `look` tells. @throws what it throws; with --watch a server that is away is waited for */
export async function show<T>(
  { output: format = 'table', watch = false }: RepeatOptions,
  terminal: Terminal,
  look: (signal: AbortSignal) => Promise<Listing<T>>,
): Promise<void> {
  const interrupts = listenForInterrupts()
  const { stop } = interrupts
  try {
    const first = await look(stop)
    if (!watch) {
      for (const { text } of linesOf(first, format, false)) terminal.out(text)
      for (const note of first.notes) terminal.err(note)
      return
    }
    const isDrawn = (format === 'table' || format === 'wide') && terminal.rows !== undefined
    const tell = isDrawn ? drawn(terminal) : appended(terminal)
    for (let listing: Listing<T> | undefined = first; ; ) {
      if (listing) tell(linesOf(listing, format, true), listing.notes)
      await delay(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => {})
      if (stop.aborted) return
      listing = await look(stop).catch(passing(stop, why => tell(undefined, [why])))
      if (stop.aborted) return
    }
  } finally {
    interrupts.release()
  }
}

/** Undefined lines: nothing new is known. */
type Tell = (lines: readonly Line[] | undefined, notes: readonly string[]) => void

function drawn(terminal: Terminal): Tell {
  const screen = new Progress({ write: text => terminal.write(text), live: true, columns: () => terminal.columns })
  let last: readonly string[] = []
  return (lines, notes) => {
    last = lines?.map(({ text }) => text) ?? last
    const room = Math.max(2, (terminal.rows ?? 24) - 2 - notes.length)
    const hidden = last.length - room
    const shown = hidden > 0 ? [...last.slice(0, room - 1), `and ${hidden + 1} lines more`] : last
    screen.update([...shown, ...notes].join('\n'))
  }
}

/** The first time everything, then the lines that say something new. */
function appended(terminal: Terminal): Tell {
  let said = new Set<string>()
  let noted = ''
  return (lines, notes) => {
    for (const { text, says } of lines ?? []) if (!said.has(says)) terminal.out(text)
    if (lines) said = new Set(lines.map(({ says }) => says))
    const note = notes.join('\n')
    if (note !== '' && note !== noted) terminal.err(note)
    noted = note
  }
}

/** For what is looked at again anyway: a server that was not reached this time may be the next. */
const passing = (signal: AbortSignal, tell: (why: string) => void) => (error: unknown) => {
  if (signal.aborted) return undefined
  const isPassing = error instanceof ConnectionError || (error instanceof ApiError && error.status >= 429)
  if (!isPassing) throw error
  tell(`the API server does not answer: ${error.message}; trying again`)
  return undefined
}
