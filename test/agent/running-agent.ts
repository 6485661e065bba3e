// The agent's process in a namespace, asked over HTTP from another one.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { LinkRow } from '../../api/link.ts'
import { mintToken } from '../../chaos/agent/token.ts'
import type { Answer, Endpoint } from './endpoint.ts'
import type { Host } from './namespaces.ts'

const program = fileURLToPath(new URL('../../chaos/agent/main.ts', import.meta.url))
const PORT = 7_075
/** Root as in a pod that drops all capabilities but this. */
const onlyNetAdmin = ['setpriv', '--bounding-set=-all,+net_admin', '--inh-caps=-all', '--no-new-privs']
export const key = randomBytes(48)

export interface RequestOptions {
  /** Instead of the experiment's own. */
  readonly token?: string
  readonly body?: string
}

export class RunningAgent {
  readonly host: Host
  readonly #asker: Endpoint
  readonly #folder: string
  #process: ChildProcess | undefined

  private constructor(host: Host, asker: Endpoint, folder: string) {
    this.host = host
    this.#asker = asker
    this.#folder = folder
  }

  static async start(host: Host, asker: Endpoint): Promise<RunningAgent> {
    const folder = await mkdtemp(join(tmpdir(), 'trellis-agent-'))
    await writeFile(join(folder, 'key'), key)
    const agent = new RunningAgent(host, asker, folder)
    await agent.launch()
    return agent
  }

  /** Starts the process, again after `kill`, and waits until it listens. */
  async launch(): Promise<void> {
    const files = ['--key-file', join(this.#folder, 'key'), '--state-file', join(this.#folder, 'state')]
    const args = [
      'netns',
      'exec',
      this.host.namespace,
      ...onlyNetAdmin,
      process.execPath,
      program,
      ...files,
      '--port',
      `${PORT}`,
    ]
    const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process = child
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const said: string[] = []
    createInterface({ input: child.stdout }).on('line', line => {
      said.push(line)
      if (JSON.parse(line).message === 'listening') resolve()
    })
    child.once('close', code => reject(new Error(`the agent ended with ${code}: ${said.join('\n')}`)))
    await promise
  }

  /** Where it is asked. */
  get url(): string {
    return `http://${this.host.v4}:${PORT}`
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** SIGKILL. `ip netns exec` and `setpriv` become the program they run, so this is the agent itself. */
  async kill(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const closed = new Promise(resolve => child.once('close', resolve))
    child.kill('SIGKILL')
    await closed
  }

  async stop(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true })
  }

  /** Puts the rows with a lease of so many milliseconds. */
  put = (experiment: string, rows: readonly LinkRow[], leaseMs: number): Promise<Answer> =>
    this.ask('PUT', experiment, '', { body: JSON.stringify({ until: Date.now() + leaseMs, rows }) })
  renew = (experiment: string, leaseMs: number): Promise<Answer> =>
    this.ask('POST', experiment, '/lease', { body: JSON.stringify({ until: Date.now() + leaseMs }) })
  report = (experiment: string): Promise<Answer> => this.ask('GET', experiment)
  end = (experiment: string): Promise<Answer> => this.ask('DELETE', experiment)
  preflight = (options: RequestOptions = {}): Promise<Answer> => this.#request('GET', '/v1/preflight', options)

  ask(method: string, experiment: string, rest = '', options: RequestOptions = {}): Promise<Answer> {
    return this.#request(method, `/v1/experiments/${experiment}${rest}`, { token: tokenFor(experiment), ...options })
  }

  #request(method: string, path: string, { token = tokenFor('any'), body }: RequestOptions): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}` }
    const url = `${this.url}${path}`
    return this.#asker.request({ url, method, headers, ...(body !== undefined && { body }) })
  }

  /** Rules and schedulers of ours that the kernel has there. */
  async left(): Promise<string> {
    const rules = await this.host.run('nft', 'list', 'ruleset')
    const qdiscs = await this.host.run('tc', 'qdisc', 'show')
    return (rules + qdiscs.replaceAll(/^qdisc noqueue .*\n/gm, '')).trim()
  }
}

/** How long the tests' experiments may take. */
export const EXPERIMENT_MS = 50_000

export const tokenFor = (experiment: string, notAfter = Date.now() + EXPERIMENT_MS, other = key): string =>
  mintToken({ experiment, notAfter }, other)
