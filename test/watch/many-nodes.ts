// The stand-in testnet of test/fixtures/many-nodes.ts as a process of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

const program = resolve(import.meta.dirname, '../fixtures/many-nodes.ts')

export class ManyNodes {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  }

  static async start(home: string, name: string, count: number): Promise<ManyNodes> {
    const child = spawn(process.execPath, [program, home, name, String(count)], { stdio: ['pipe', 'pipe', 'inherit'] })
    const nodes = new ManyNodes(child)
    await nodes.#lines.next()
    return nodes
  }

  /** `cut`, `heal`, `mute` or `talk`; resolves when it is done. */
  async become(word: string): Promise<void> {
    this.#child.stdin!.write(`${word}\n`)
    await this.#lines.next()
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill()
    await gone
  }
}
