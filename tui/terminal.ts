// What a command writes to: results on stdout, progress and errors on stderr.
import { basename } from 'node:path'
import { choosePaint, type Paint } from './theme.ts'

export const PROGRAM = 'trellis'
export const PLUGIN = 'kubectl trellis'

export interface Terminal {
  readonly env: NodeJS.ProcessEnv
  /** How people call it: PROGRAM, or PLUGIN, and then every command is about a cluster. */
  readonly program: string
  /** Columns of stdout; unlimited when it is not a terminal. */
  readonly columns: number
  /** stderr can show one line that changes. */
  readonly live: boolean
  readonly paint: Paint
  readonly errorPaint: Paint
  out(text: string): void
  err(text: string): void
}

export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process
  // A reader that has seen enough (`| head`) is no error of ours.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 3))
  stderr.on('error', () => {})
  return {
    env,
    program: basename(process.argv0) === 'kubectl-trellis' ? PLUGIN : PROGRAM,
    columns: stdout.isTTY ? stdout.columns || 80 : Number.POSITIVE_INFINITY,
    live: stderr.isTTY === true && env.TERM !== 'dumb',
    paint: choosePaint(env, stdout.isTTY === true),
    errorPaint: choosePaint(env, stderr.isTTY === true),
    out: text => void stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    err: text => void stderr.write(text.endsWith('\n') ? text : `${text}\n`),
  }
}
