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
  /** Lines of stdout where what was written can be written over; undefined elsewhere. */
  readonly rows: number | undefined
  /** stderr can show one line that changes. */
  readonly live: boolean
  readonly paint: Paint
  readonly errorPaint: Paint
  /** A result, as a line or lines of stdout. */
  out(text: string): void
  /** To stdout as it is. */
  write(text: string): void
  err(text: string): void
}

export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process
  // A reader that has seen enough (`| head`) is no error of ours. What runs in this process ends in order first: a testnet
  // would lose its supervisor.
  let gone = false
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(3)
    if (!gone && !process.emit('SIGTERM', 'SIGTERM')) process.exit(0)
    gone = true
  })
  stderr.on('error', () => {})
  return {
    env,
    program: basename(process.argv0) === 'kubectl-trellis' ? PLUGIN : PROGRAM,
    // Asked again each time: people change the size of their windows.
    get columns() {
      return stdout.isTTY ? stdout.columns || 80 : Number.POSITIVE_INFINITY
    },
    get rows() {
      return stdout.isTTY && env.TERM !== 'dumb' ? stdout.rows || 24 : undefined
    },
    live: stderr.isTTY === true && env.TERM !== 'dumb',
    paint: choosePaint(env, stdout.isTTY === true),
    errorPaint: choosePaint(env, stderr.isTTY === true),
    out: text => void stdout.write(text.endsWith('\n') ? text : `${text}\n`),
    write: text => void stdout.write(text),
    err: text => void stderr.write(text.endsWith('\n') ? text : `${text}\n`),
  }
}
