// Drives a runner's process in a namespace.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Host } from './namespaces.ts'
import type { RunnerOrders } from './runner-process.ts'

const program = fileURLToPath(new URL('runner-process.ts', import.meta.url))

export class RunningRunner {
  /** What it said so far. */
  readonly said: string[] = []
  readonly ended: Promise<void>
  readonly #process: ChildProcess

  private constructor(host: Host | undefined) {
    const own = [process.execPath, program] as const
    const [command, ...args] = host ? (['ip', 'netns', 'exec', host.namespace, ...own] as const) : own
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.ended = new Promise(resolve => this.#process.once('close', () => resolve()))
  }

  /** Resolves when it is about to inject. On this machine's own network when there is no host. */
  static async start(host: Host | undefined, orders: RunnerOrders): Promise<RunningRunner> {
    const runner = new RunningRunner(host)
    const ready = new Promise<void>(resolve => {
      createInterface({ input: runner.#process.stdout! }).on('line', line => {
        runner.said.push(line)
        resolve()
      })
    })
    runner.#process.stdin?.write(`${JSON.stringify(orders)}\n`)
    await Promise.race([ready, runner.ended])
    return runner
  }

  /** SIGKILL, also of one that has ended. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
  }
}
