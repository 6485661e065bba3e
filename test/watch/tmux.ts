// The dashboard in a real terminal: a tmux server of its own, keys sent to it, and what is on its screen.
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const POLL_MS = 50
/** The program starts in two seconds; on a machine that has much else to do in twenty. */
const WITHIN_MS = 45_000

/** Why there is no tmux; undefined when there is one. */
export function tmuxMissing(): string | undefined {
  try {
    execFileSync('tmux', ['-V'])
    return undefined
  } catch {
    return 'there is no tmux: apt-get install tmux'
  }
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

export class TmuxScreen {
  readonly #server: string

  private constructor(server: string) {
    this.#server = server
  }

  /** Runs a shell command in a terminal of that size. The shell stays when the command has ended. */
  static async start(
    command: string,
    env: Readonly<Record<string, string>>,
    { columns, rows }: Size,
  ): Promise<TmuxScreen> {
    const screen = new TmuxScreen(`trellis-${randomBytes(4).toString('hex')}`)
    const size = ['-x', String(columns), '-y', String(rows)]
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`])
    await screen.tmux('-f', '/dev/null', 'new-session', '-d', ...size, ...variables, 'env PS1="$ " sh')
    await screen.type(command)
    return screen
  }

  async tmux(...args: readonly string[]): Promise<string> {
    return (await run('tmux', ['-L', this.#server, ...args])).stdout
  }

  /** Names of keys as tmux has them: `Enter`, `Escape`, `C-d`, or the character. */
  async keys(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.tmux('send-keys', key)
      // An escape and the key after it, read together, are another key.
      if (key === 'Escape') await delay(2 * POLL_MS)
    }
  }

  /** Process id of what the shell runs. */
  async program(): Promise<number> {
    const shell = (await this.tmux('list-panes', '-F', '#{pane_pid}')).trim()
    return Number((await run('ps', ['--ppid', shell, '-o', 'pid='])).stdout)
  }

  /** A line for the shell. */
  async type(line: string): Promise<void> {
    await this.tmux('send-keys', '-l', line)
    await this.tmux('send-keys', 'Enter')
  }

  async resize({ columns, rows }: Size): Promise<void> {
    await this.tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  async text(): Promise<string> {
    return await this.tmux('capture-pane', '-p')
  }

  /** With colour codes. */
  async coloured(): Promise<string> {
    return await this.tmux('capture-pane', '-p', '-e')
  }

  /** The screen once it is as wanted. @throws Error with the screen when the deadline passes */
  async until(what: string, wanted: (text: string) => boolean, withinMs = WITHIN_MS): Promise<string> {
    const deadline = performance.now() + withinMs
    for (;;) {
      const text = await this.text()
      if (wanted(text)) return text
      if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}\n${text}`)
      await delay(POLL_MS)
    }
  }

  async shows(wanted: RegExp, withinMs?: number): Promise<string> {
    return await this.until(`${wanted}`, text => wanted.test(text), withinMs)
  }

  async close(): Promise<void> {
    await this.tmux('kill-server').catch(() => {})
  }
}
