// Drives an endpoint process in a namespace.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Host } from './namespaces.ts'

const program = fileURLToPath(new URL('endpoint-process.ts', import.meta.url))

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect.
  readonly body: any
}

export class Endpoint {
  readonly host: Host
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #last = 0

  private constructor(host: Host) {
    this.host = host
    this.#process = spawn('ip', ['netns', 'exec', host.namespace, process.execPath, program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    createInterface({ input: this.#process.stdout! }).on('line', line => {
      const { id, result, error } = JSON.parse(line)
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(result as never)
      else waiting?.reject(new Error(`${host.namespace}: ${error}`))
    })
    this.#process.on('close', code => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the endpoint ended with ${code}`))
    })
  }

  static async start(host: Host): Promise<Endpoint> {
    const endpoint = new Endpoint(host)
    await endpoint.#answer(0)
    return endpoint
  }

  send = (host: string, count: number, everyMs = 0): Promise<void> => this.#ask('send', { host, count, everyMs })
  received = (host: string): Promise<number[]> => this.#ask('received', { host })
  connect = (host: string, withinMs = 1_000): Promise<number> => this.#ask('connect', { host, withinMs })
  echo = (connection: number, withinMs: number): Promise<boolean> => this.#ask('echo', { connection, withinMs })
  transfer = (host: string, bytes: number): Promise<number> => this.#ask('transfer', { host, bytes })
  request = (options: {
    url: string
    method: string
    headers: Record<string, string>
    body?: string
  }): Promise<Answer> => this.#ask('request', options)

  /** SIGKILL: what was asked and is not answered yet is rejected. */
  async kill(): Promise<void> {
    const closed = new Promise(resolve => this.#process.once('close', resolve))
    this.#process.kill('SIGKILL')
    await closed
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const closed = new Promise(resolve => this.#process.once('close', resolve))
    this.#process.stdin?.end()
    await closed
  }

  async #ask<T>(op: string, args: object): Promise<T> {
    const id = ++this.#last
    const answer = this.#answer<T>(id)
    this.#process.stdin?.write(`${JSON.stringify({ id, op, ...args })}\n`)
    return await answer
  }

  #answer<T>(id: number): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#waiting.set(id, { resolve, reject })
    return promise
  }
}
