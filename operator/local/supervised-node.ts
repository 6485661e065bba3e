// One node process under supervision: started, watched until ready, started again after a crash, ended on request.
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { fromSystemError } from './errors.ts'
import { boundLog, lastWords } from './log-file.ts'
import { identityOf, signalProcess } from './process-identity.ts'
import { nodeEnvironment } from './program.ts'
import type { NodeRecord } from './record.ts'
import { CRASH_WINDOW_MS, decideRestart, EXIT_UNUSABLE } from './restart-policy.ts'
import { nodeConfigFile, nodeDataFolder, nodeFolder, nodeLogFile } from './state-folder.ts'

/** A node that was asked to end (SIGTERM) and has not is killed after this. */
export const STOP_GRACE_MS = 5_000
export const READY_POLL_MS = 50
/** No kill or pause lasts longer than a day. */
const MAX_UNDO_MS = 24 * 3_600_000
const READY_REQUEST_MS = 1_000

/** kill: SIGKILL, left down until `start` or `revive` (which starts it only when it is down so). restart: clean end, then
 * start. pause/resume: SIGSTOP/SIGCONT. */
export const nodeActions = ['kill', 'start', 'revive', 'restart', 'pause', 'resume'] as const
export type NodeAction = (typeof nodeActions)[number]

export interface SupervisedNodeOptions {
  readonly folder: string
  readonly program: readonly string[]
  readonly record: NodeRecord
  readonly onChange: () => void
  readonly random: () => number
}

export class SupervisedNode {
  readonly #options: SupervisedNodeOptions
  #record: NodeRecord
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  /** Undoes a kill or a pause that nobody has undone. */
  #undo: NodeJS.Timeout | undefined
  #crashes: number[] = []
  /** What the node shall be; the exit handler compares. */
  #wanted: 'up' | 'killed' | 'stopped' = 'stopped'

  constructor(options: SupervisedNodeOptions) {
    this.#options = options
    this.#record = { ...options.record, state: 'stopped', process: null }
  }

  get record(): NodeRecord {
    return this.#record
  }

  /** Starts the process; does nothing while one runs. Never throws: what went wrong is in the record. */
  start(): void {
    this.#wanted = 'up'
    clearTimeout(this.#timer)
    if (this.#child !== undefined) return
    const { folder, program } = this.#options
    const name = this.#record.name
    const log = nodeLogFile(folder, name)
    let fd: number | undefined
    try {
      mkdirSync(nodeDataFolder(folder, name), { recursive: true, mode: 0o700 })
      boundLog(log)
      fd = openSync(log, 'a', 0o600)
      const [command = '', ...first] = program
      // A session of its own: Ctrl-C in the terminal reaches the supervisor only, which then ends the nodes in order.
      const child = spawn(command, [...first, '--config', nodeConfigFile(folder, name)], {
        cwd: nodeFolder(folder, name),
        env: nodeEnvironment(process.env),
        detached: true,
        stdio: ['ignore', fd, fd],
      })
      this.#child = child
      this.#exited = new Promise(resolve => {
        child.once('error', error => {
          if (child.pid === undefined) this.#onExit(null, null, error.message, resolve)
        })
        child.once('exit', (code, signal) => this.#onExit(code, signal, undefined, resolve))
      })
      if (child.pid === undefined) return
      const identity = identityOf(child.pid)
      this.#update({ state: 'starting', process: identity ? { pid: child.pid, identity } : null, reason: undefined })
      void this.#watchReady(child)
    } catch (error) {
      const cause = fromSystemError(error, log) as Error
      this.#update({ state: 'failed', process: null, reason: cause.message })
    } finally {
      if (fd !== undefined) closeSync(fd)
    }
  }

  /** Ends the process: SIGTERM, after STOP_GRACE_MS (or at once when `force`) SIGKILL. Resolves when it is gone. */
  async stop(force = false): Promise<void> {
    this.#wanted = 'stopped'
    clearTimeout(this.#timer)
    clearTimeout(this.#undo)
    await this.#end(force)
    if (this.#record.state !== 'failed') this.#update({ state: 'stopped' })
  }

  /**
   * Resolves when the action is done; `start`, `revive` and `restart` do not wait for ready. A kill or a pause undoes
   * itself at `until`; of a node that is down or paused so already it only moves that end. Throws when it is not possible now.
   */
  async act(action: NodeAction, until?: number): Promise<void> {
    switch (action) {
      case 'kill':
        this.#wanted = 'killed'
        clearTimeout(this.#timer)
        await this.#end(true)
        this.#update({ state: 'killed', reason: undefined })
        this.#undoAt(until, 'revive')
        return
      case 'revive':
        if (this.#record.state === 'killed') await this.act('start')
        return
      case 'start':
      case 'restart':
        this.#wanted = 'stopped'
        clearTimeout(this.#timer)
        clearTimeout(this.#undo)
        if (action === 'restart') await this.#end(false)
        if (this.#child === undefined) this.#record = { ...this.#record, restarts: this.#record.restarts + 1 }
        this.#crashes = []
        this.start()
        return
      case 'pause':
        if (this.#record.state === 'paused') return this.#undoAt(until, 'resume')
        if (this.#record.state !== 'ready' && this.#record.state !== 'starting') {
          throw new Error(`${this.#record.name} is ${this.#record.state}, it cannot be paused`)
        }
        if (!signalProcess(this.#record.process, 'SIGSTOP')) throw new Error(`${this.#record.name} just ended`)
        this.#update({ state: 'paused' })
        this.#undoAt(until, 'resume')
        return
      case 'resume':
        if (this.#record.state !== 'paused') return
        clearTimeout(this.#undo)
        signalProcess(this.#record.process, 'SIGCONT')
        this.#update({ state: 'starting' })
        if (this.#child !== undefined) void this.#watchReady(this.#child)
        return
    }
  }

  #undoAt(until: number | undefined, action: 'revive' | 'resume'): void {
    clearTimeout(this.#undo)
    if (until === undefined) return
    const wait = Math.min(Math.max(0, until - Date.now()), MAX_UNDO_MS)
    this.#undo = setTimeout(() => void this.act(action), wait)
  }

  /** Keeps the log file within its bound. */
  boundLog(): void {
    boundLog(nodeLogFile(this.#options.folder, this.#record.name))
  }

  async #end(force: boolean): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    if (force) {
      child.kill('SIGKILL')
    } else {
      child.kill('SIGTERM')
      // A paused process takes the signal only once it goes on.
      child.kill('SIGCONT')
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS)
    await this.#exited
    clearTimeout(timer)
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null, failure: string | undefined, done: () => void): void {
    this.#child = undefined
    this.#record = { ...this.#record, process: null }
    if (this.#wanted === 'up') this.#afterCrash(code, signal, failure)
    done()
  }

  #afterCrash(code: number | null, signal: NodeJS.Signals | null, failure: string | undefined): void {
    const now = Date.now()
    const words = signal === null ? lastWords(nodeLogFile(this.#options.folder, this.#record.name)) : undefined
    const how = failure ?? (signal ? `ended by ${signal}` : `exit code ${code}${words ? `: ${words}` : ''}`)
    const decision =
      failure === undefined
        ? decideRestart(this.#crashes, now, code, this.#options.random)
        : ({ kind: 'give-up', reason: 'could not be started' } as const)
    this.#crashes = [...this.#crashes.filter(at => now - at < CRASH_WINDOW_MS), now]
    if (decision.kind === 'give-up') {
      this.#update({ state: 'failed', reason: code === EXIT_UNUSABLE && words ? words : `${decision.reason} (${how})` })
      return
    }
    this.#update({ state: 'waiting', reason: how })
    this.#timer = setTimeout(() => {
      this.#record = { ...this.#record, restarts: this.#record.restarts + 1 }
      this.start()
    }, decision.delayMs)
  }

  async #watchReady(child: ChildProcess): Promise<void> {
    const { host, http } = this.#record.address
    while (this.#child === child && this.#record.state === 'starting') {
      if (await isReady(host, http)) {
        if (this.#child === child && this.#record.state === 'starting')
          this.#update({ state: 'ready', reason: undefined })
        return
      }
      await new Promise(resolve => setTimeout(resolve, READY_POLL_MS))
    }
  }

  #update(change: Partial<NodeRecord>): void {
    this.#record = { ...this.#record, ...change }
    this.#options.onChange()
  }
}

async function isReady(host: string, port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://${host}:${port}/readyz`, { signal: AbortSignal.timeout(READY_REQUEST_MS) })
    await answer.body?.cancel()
    return answer.status === 200
  } catch {
    return false
  }
}
