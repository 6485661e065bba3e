// A real Prometheus for one test: on a loopback port, in a folder of its own, looking and judging every second.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import { until } from '../cluster/until.ts'

const START_MS = 30_000
const END_MS = 20_000
const QUERY_MS = 10_000
const MAX_LOG_CHARACTERS = 20_000
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
const execute = promisify(execFile)

export interface Sample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: number
}
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly state: 'pending' | 'firing'
}
export interface ScrapedTarget {
  readonly labels: Readonly<Record<string, string>>
  readonly scrapeUrl: string
  readonly health: 'up' | 'down' | 'unknown'
  readonly lastError: string
}

export interface PrometheusOptions {
  readonly program: string
  /** Files of targets, as `trellis up` writes them. */
  readonly targets: readonly string[]
  /** Files of rules. */
  readonly rules?: readonly string[]
  /** More jobs, as its configuration has them. */
  readonly jobs?: readonly object[]
  /** Command prefix of the network that it runs in, where that is not the machine's own: `nsenter --target=1 --net --`. */
  readonly within?: readonly string[]
}

export class Prometheus {
  readonly url: string
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #within: readonly string[]
  #log = ''

  private constructor(url: string, child: ChildProcess, folder: string, within: readonly string[]) {
    this.url = url
    this.#within = within
    this.#child = child
    this.#folder = folder
    child.stderr!.on('data', chunk => {
      this.#log = (this.#log + chunk).slice(-MAX_LOG_CHARACTERS)
    })
  }

  /** Resolves when it answers. Throws with its log when it does not. */
  static async start({ program, targets, rules = [], jobs = [], within = [] }: PrometheusOptions): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'trellis-prometheus-'))
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: rules,
      scrape_configs: [
        {
          job_name: 'trellis',
          honor_labels: true,
          file_sd_configs: [{ files: targets, refresh_interval: '1s' }],
        },
        ...jobs,
      ],
    }
    await writeFile(join(folder, 'prometheus.yml'), stringify(config))
    const address = `127.0.0.1:${await freePort()}`
    const flags = {
      'config.file': join(folder, 'prometheus.yml'),
      'storage.tsdb.path': join(folder, 'data'),
      'web.listen-address': address,
      'log.level': 'warn',
    }
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
    const [command = '', ...words] = [...within, program, ...args]
    const child = spawn(command, words, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    const server = new Prometheus(`http://${address}`, child, folder, within)
    try {
      await until('Prometheus', { withinMs: START_MS, everyMs: 50, describe: async () => server.#log }, async () => {
        if (child.exitCode !== null) throw new Error(`Prometheus ended with ${child.exitCode}: ${server.#log}`)
        return (await server.#text('/-/ready').catch(() => '')).includes('is Ready')
      })
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** What an expression says now, or at a moment (milliseconds since the epoch). Throws with its message when it does not parse. */
  async query(expression: string, at?: number): Promise<Sample[]> {
    const parameters = { query: expression, ...(at !== undefined && { time: String(at / 1_000) }) }
    const { result } = await this.#get<{ result: Vector | [number, string]; resultType: string }>('query', parameters)
    // A scalar is a sample without labels.
    if (typeof result[0] === 'number') return [{ metric: {}, value: Number(result[1]) }]
    return (result as Vector).map(({ metric, value: [, text] }) => ({ metric, value: Number(text) }))
  }

  async alerts(): Promise<ActiveAlert[]> {
    return (await this.#get<{ alerts: ActiveAlert[] }>('alerts')).alerts
  }

  async targets(): Promise<ScrapedTarget[]> {
    return (await this.#get<{ activeTargets: ScrapedTarget[] }>('targets', { state: 'active' })).activeTargets
  }

  /** Ends the process and removes what it stored. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit')
      this.#child.kill('SIGTERM')
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
      await gone
      clearTimeout(timer)
    }
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #text(path: string): Promise<string> {
    const url = this.url + path
    const [command, ...words] = this.#within
    if (command === undefined) return await (await fetch(url, { signal: AbortSignal.timeout(QUERY_MS) })).text()
    // Nobody but a process there reaches it.
    const program = [...words, process.execPath, '--input-type=module', '--eval', askAndPrint, url]
    return (await execute(command, program, { timeout: QUERY_MS, maxBuffer: MAX_ANSWER_BYTES })).stdout
  }

  async #get<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const text = await this.#text(`/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const body = JSON.parse(text) as { status: string; data: T; error?: string }
    if (body.status !== 'success') throw new Error(`${parameters.query ?? path}: ${body.error}`)
    return body.data
  }
}

const askAndPrint = 'process.stdout.write(await (await fetch(process.argv[1])).text())'

type Vector = readonly { readonly metric: Record<string, string>; readonly value: readonly [number, string] }[]

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
