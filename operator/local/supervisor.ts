// All node processes of one testnet, and the record others read. It owns the processes; who asks it is control.ts.
import { LocalError } from './errors.ts'
import { tailLog } from './log-file.ts'
import { identityOf } from './process-identity.ts'
import { type TestnetRecord, writeRecord } from './record.ts'
import { nodeLogFile } from './state-folder.ts'
import { type NodeAction, SupervisedNode } from './supervised-node.ts'

/** The record is written at most once in this time while nodes change. */
const WRITE_INTERVAL_MS = 100
const LOG_CHECK_MS = 5_000
/** Lines of its log shown for a node that did not start. */
const DETAIL_LINES = 10
/** Nodes whose processes start up at one time; the next begins when one is ready or failed. */
export const MAX_STARTING = 32

export interface SupervisorOptions {
  readonly folder: string
  readonly record: TestnetRecord
  readonly random: () => number
  /** Called after every change of a node. */
  readonly onChange?: (record: TestnetRecord) => void
  /** What must be told but stops nothing, such as a record that could not be written. */
  readonly warn: (message: string) => void
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #nodes: Map<string, SupervisedNode>
  #base: TestnetRecord
  #writeTimer: NodeJS.Timeout | undefined
  #logTimer: NodeJS.Timeout | undefined
  #waiters = new Set<() => void>()
  #queue: SupervisedNode[] = []
  #stopping: Promise<void> | undefined

  constructor(options: SupervisorOptions) {
    this.#options = options
    const identity = identityOf(process.pid) ?? ''
    this.#base = { ...options.record, phase: 'starting', supervisor: { pid: process.pid, identity } }
    this.#nodes = new Map(
      options.record.nodes.map(record => [
        record.name,
        new SupervisedNode({
          folder: options.folder,
          program: options.record.program,
          record,
          random: options.random,
          onChange: () => this.#changed(),
        }),
      ]),
    )
  }

  get record(): TestnetRecord {
    return { ...this.#base, nodes: [...this.#nodes.values()].map(node => node.record) }
  }

  /** Starts every node. Throws LocalError when the record cannot be written: nothing was started then. */
  start(): void {
    writeRecord(this.#options.folder, this.record)
    this.#queue = [...this.#nodes.values()]
    this.#startNext()
    this.#logTimer = setInterval(() => {
      for (const node of this.#nodes.values()) node.boundLog()
    }, LOG_CHECK_MS)
  }

  /**
   * Resolves when all nodes are ready. Throws LocalError `node-failed` as soon as one was given up, `not-ready` after
   * `timeoutMs`, `interrupted` when the signal fires or the supervisor is stopped.
   */
  async ready(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const nodes = this.record.nodes
      if (signal.aborted || this.#stopping) throw new LocalError('interrupted', 'interrupted', 'run it again')
      const failed = nodes.find(node => node.state === 'failed')
      if (failed) {
        throw new LocalError(
          'node-failed',
          `${failed.name} did not start: ${failed.reason ?? 'no reason given'}`,
          mendOf(failed.reason, this.#base.name),
          tailLog(nodeLogFile(this.#options.folder, failed.name), DETAIL_LINES),
        )
      }
      if (nodes.every(node => node.state === 'ready')) break
      if (Date.now() >= deadline) {
        const late = nodes.filter(node => node.state !== 'ready')
        throw new LocalError(
          'not-ready',
          `${late.length} of ${nodes.length} nodes are not ready after ${timeoutMs / 1000} s: ${late
            .slice(0, 5)
            .map(node => `${node.name} is ${node.state}${node.reason ? ` (${node.reason})` : ''}`)
            .join('; ')}`,
          'start fewer nodes on this machine, or give them longer with --timeout',
        )
      }
      await this.#nextChange(Math.min(1_000, deadline - Date.now()), signal)
    }
    this.#base = { ...this.#base, phase: 'running' }
    this.#changed()
  }

  /** Throws when there is no such node or the action is not possible now. */
  async act(name: string, action: NodeAction, until?: number): Promise<void> {
    const node = this.#nodes.get(name)
    if (node === undefined)
      throw new LocalError('not-found', `${this.#base.name} has no node ${name}`, 'see `trellis nodes`')
    if (this.#stopping) throw new LocalError('interrupted', `${this.#base.name} is being taken down`, 'start it again')
    await node.act(action, until)
  }

  /** Ends every node; `force` does not wait for a clean end. Resolves when all processes are gone. */
  stop(force = false): Promise<void> {
    this.#queue = []
    this.#base = { ...this.#base, phase: 'stopping' }
    const ends = Promise.all([...this.#nodes.values()].map(node => node.stop(force)))
    this.#stopping ??= ends.then(() => {
      clearInterval(this.#logTimer)
      clearTimeout(this.#writeTimer)
      this.#writeTimer = undefined
    })
    this.#changed()
    return this.#stopping
  }

  #changed(): void {
    this.#startNext()
    this.#options.onChange?.(this.record)
    for (const wake of this.#waiters) wake()
    this.#writeTimer ??= setTimeout(() => {
      this.#writeTimer = undefined
      this.#write()
    }, WRITE_INTERVAL_MS)
  }

  #startNext(): void {
    const starting = [...this.#nodes.values()].filter(node => node.record.state === 'starting').length
    for (const node of this.#queue.splice(0, Math.max(0, MAX_STARTING - starting))) node.start()
  }

  #write(): void {
    try {
      writeRecord(this.#options.folder, this.record)
    } catch (error) {
      this.#options.warn(`the state of ${this.#base.name} could not be written: ${(error as Error).message}`)
    }
  }

  #nextChange(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, Math.max(1, timeoutMs))
      this.#waiters.add(wake)
      signal.addEventListener('abort', wake)
    })
  }
}

function mendOf(reason: string | undefined, testnet: string): string {
  const says = (pattern: RegExp): boolean => reason !== undefined && pattern.test(reason)
  if (says(/EADDRINUSE|port/i)) return 'stop the program that holds the port, or run it again: other ports are tried'
  if (says(/data directory|another chain/i)) return `\`trellis down ${testnet}\` removes the old data`
  if (says(/ENOSPC|disk/i)) return 'free some space, or put the state elsewhere with TRELLIS_HOME=DIR'
  return 'the end of its log says more:'
}
