// trellis logs [NAME] [NODE]: what nodes said last, or go on saying with --follow.
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { UsageError } from '../exit-codes.ts'
import { listenForInterrupts } from '../interrupts.ts'
import type { OnLine } from '../source/source.ts'
import { PROGRAM, type Terminal } from '../terminal.ts'
import { addPlaceOptions, type PlaceOptions, withSource } from './place.ts'

const MAX_TAIL = 100_000

interface LogOptions extends PlaceOptions {
  readonly tail: number
  readonly follow?: boolean
}

export function addLogs(program: Command, terminal: Terminal): void {
  addPlaceOptions(
    program
      .command('logs [name] [node]')
      .summary('what the nodes say')
      .description('what the nodes say; NODE is one of them, or `supervisor` on this machine'),
  )
    .option('--tail <lines>', 'lines of each node', parseLines, 20)
    .option('-f, --follow', 'go on until Ctrl-C')
    .action((name: string | undefined, node: string | undefined, options: LogOptions) =>
      logs(
        [name, node].filter(given => given !== undefined),
        options,
        terminal,
      ),
    )
}

async function logs(names: readonly string[], options: LogOptions, terminal: Terminal): Promise<void> {
  const { namespace, context } = options
  if (namespace !== undefined && /^\d+$/.test(namespace) && context === undefined && terminal.program === PROGRAM)
    throw new UsageError(`-n ${namespace} names a namespace`, `for so many lines write --tail ${namespace}`)
  const interrupts = listenForInterrupts()
  const { tail, follow = false } = options
  const onLine: OnLine = (label, line) =>
    terminal.out(label === undefined ? line : `${terminal.paint('accent', label)} ${line}`)
  try {
    const notes = await withSource(options, terminal, source =>
      source.logs({ names, tail, follow }, onLine, interrupts.stop),
    )
    for (const note of notes) terminal.err(note)
  } finally {
    interrupts.release()
  }
}

function parseLines(text: string): number {
  const lines = Number(text)
  if (!Number.isInteger(lines) || lines < 0 || lines > MAX_TAIL) {
    throw new InvalidArgumentError(`Expected a number of lines from 0 to ${MAX_TAIL}.`)
  }
  return lines
}
