// A testnet of real node processes for tests and benchmarks, without a supervisor: the test itself starts, kills and
// restarts nodes. Every process is ended by its own id, and the data goes with it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { splitLayers } from '../../api/config-layers.ts'
import { parseResources } from '../../api/kinds.ts'
import type { LinkPeer } from '../../api/link.ts'
import type { NodeConfig } from '../../api/node-config.ts'
import type { NodeStatus } from '../../api/observation.ts'
import type { Testnet } from '../../api/testnet.ts'
import { NodeClient } from '../../chaos/runner/node-client.ts'
import { planAddresses } from '../../operator/local/addresses.ts'
import { nodeEnvironment, nodeFlags } from '../../operator/local/program.ts'
import { expand } from '../../operator/testnet/expand.ts'
import { nodeConfigs } from '../../operator/testnet/node-config.ts'
import type { Expanded } from '../../operator/testnet/spec.ts'

const never = new AbortController().signal
const root = resolve(import.meta.dirname, '../..')

export interface TestNode {
  readonly name: string
  readonly config: NodeConfig
  readonly client: NodeClient
  readonly peer: LinkPeer
  readonly dataDir: string
  /** Of its configuration, in the order in which they are given. */
  readonly files: readonly string[]
  process: ChildProcess | undefined
}

export interface NetworkOptions {
  /** Changes a node's configuration before it is written. */
  readonly configure?: (config: NodeConfig) => NodeConfig
  /** Configurations in layers as a cluster has them, instead of one `config.json` a node. */
  readonly layered?: boolean
  /** Flags of Node itself. */
  readonly execArgv?: readonly string[]
}

export class Network {
  readonly expanded: Expanded
  readonly directory: string
  readonly #nodes: Map<string, TestNode>
  readonly #execArgv: readonly string[]

  private constructor(
    expanded: Expanded,
    directory: string,
    nodes: Map<string, TestNode>,
    execArgv: readonly string[],
  ) {
    this.expanded = expanded
    this.directory = directory
    this.#nodes = nodes
    this.#execArgv = execArgv
  }

  /** Writes the configurations of a Testnet (YAML); no process runs yet. */
  static async create(yaml: string, options: NetworkOptions = {}): Promise<Network> {
    const [parsed] = parseResources(yaml, 'test.yaml')
    if (parsed?.value.kind !== 'Testnet') throw new Error('the test gave no Testnet')
    const expanded = expand(parsed.value as Testnet)
    const directory = await mkdtemp(join(tmpdir(), 'trellis-net-'))
    const names = expanded.nodes.map(node => node.name)
    const addresses = await planAddresses(names, directory, new Set())
    const nodes = new Map<string, TestNode>()
    const configs = nodeConfigs(expanded, addresses, name => join(directory, name, 'data')).map(
      plain => options.configure?.(plain) ?? plain,
    )
    const files = await (options.layered ? writeLayers : writeWhole)(directory, configs)
    for (const [index, spec] of expanded.nodes.entries()) {
      const config = configs[index]!
      const dataDir = join(directory, spec.name, 'data')
      await mkdir(dataDir, { recursive: true })
      const { host, http, admin } = config.listen
      const client = new NodeClient({
        name: spec.name,
        statusUrl: `http://${host}:${http}`,
        adminUrl: `http://${host}:${admin}`,
      })
      const peer = { name: spec.name, host, peerId: spec.peerId }
      const own = files.get(spec.name) ?? []
      nodes.set(spec.name, { name: spec.name, config, client, peer, dataDir, files: own, process: undefined })
    }
    return new Network(expanded, directory, nodes, options.execArgv ?? [])
  }

  get nodes(): TestNode[] {
    return [...this.#nodes.values()]
  }

  node(name: string): TestNode {
    const node = this.#nodes.get(name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  /** Starts processes and waits until they are ready. */
  async start(...names: string[]): Promise<void> {
    const wanted = names.length === 0 ? this.nodes.map(({ name }) => name) : names
    await Promise.all(wanted.map(name => this.launch(name)))
    await Promise.all(wanted.map(name => this.ready(name)))
  }

  /** Starts a process; it may still fail. */
  launch(name: string): Promise<void> {
    return this.#spawn(this.node(name))
  }

  /** Waits until a started process is ready; throws with its last log lines when it ended. */
  ready(name: string): Promise<void> {
    return this.#ready(this.node(name))
  }

  /** SIGKILL unless told otherwise; resolves when the process is gone. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.node(name).process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }

  /** Waits until a process ends by itself. Returns its code and all lines it ever logged. Throws when it does not end. */
  async ended(name: string, withinMs: number): Promise<{ readonly code: number | null; readonly log: string }> {
    const child = this.node(name).process
    if (child === undefined) throw new Error(`${name} was not started`)
    await until(
      `${name} to end`,
      withinMs,
      () => child.exitCode !== null || child.signalCode !== null,
      25,
      () => this.log(name),
    )
    return { code: child.exitCode, log: await this.log(name) }
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(node => this.kill(node.name)))
    await rm(this.directory, { recursive: true, force: true })
  }

  status(name: string): Promise<NodeStatus> {
    return this.node(name).client.status({ signal: never })
  }

  /** Statuses of the named nodes, all that run by default; a node that does not answer is left out. */
  async statuses(names: readonly string[] = this.running()): Promise<NodeStatus[]> {
    const answers = await Promise.allSettled(names.map(name => this.status(name)))
    return answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
  }

  running(): string[] {
    return this.nodes
      .filter(({ process }) => process !== undefined && process.exitCode === null && process.signalCode === null)
      .map(node => node.name)
  }

  log(name: string): Promise<string> {
    return readFile(join(this.directory, name, 'node.log'), 'utf8')
  }

  /** Cuts the two groups off from each other until `forMs` has passed. `oneWay`: only what `a` sends to `b` is lost. */
  async cut(id: string, a: readonly string[], b: readonly string[], forMs: number, oneWay = false): Promise<void> {
    const endsAt = Date.now() + forMs
    const rows = [
      ...a.map(name => ({ name, peers: b, directions: oneWay ? ['out'] : ['out', 'in'] })),
      ...b.map(name => ({ name, peers: a, directions: oneWay ? ['in'] : ['out', 'in'] })),
    ]
    await Promise.all(
      rows.map(({ name, peers, directions }) =>
        this.node(name).client.putRow(
          {
            id,
            endsAt,
            classes: directions.map(direction => ({
              direction: direction as 'in' | 'out',
              link: { drop: true },
              peers: peers.map(peer => this.node(peer).peer),
            })),
          },
          { signal: never },
        ),
      ),
    )
  }

  async #spawn(node: TestNode): Promise<void> {
    const log = await open(join(this.directory, node.name, 'node.log'), 'a')
    node.process = spawn(
      process.execPath,
      [...nodeFlags, ...this.#execArgv, join(root, 'dist/node.js'), ...node.files.flatMap(file => ['--config', file])],
      { stdio: ['ignore', log.fd, log.fd], env: nodeEnvironment(process.env) },
    )
    await log.close()
  }

  async #ready(node: TestNode): Promise<void> {
    await until(
      `${node.name} ready`,
      60_000,
      async () => {
        if (node.process?.exitCode !== null)
          throw new Error(`${node.name} ended: ${(await this.log(node.name)).slice(-2_000)}`)
        const { host, http } = node.config.listen
        const response = await fetch(`http://${host}:${http}/readyz`).catch(() => undefined)
        await response?.body?.cancel()
        return response?.status === 200
      },
      25,
    )
  }
}

/** One file a node. Returns the files of each. */
async function writeWhole(directory: string, configs: readonly NodeConfig[]): Promise<Map<string, string[]>> {
  const files = new Map<string, string[]>()
  for (const config of configs) {
    const file = join(directory, config.name, 'config.json')
    await mkdir(join(directory, config.name), { recursive: true })
    await writeFile(file, JSON.stringify(config))
    files.set(config.name, [file])
  }
  return files
}

/** Four files a node; the first two are shared. Returns the files of each. */
async function writeLayers(directory: string, configs: readonly NodeConfig[]): Promise<Map<string, string[]>> {
  const layers = splitLayers(configs)
  const files = new Map<string, string[]>()
  for (const { name, group } of configs) {
    const own = join(directory, name)
    await mkdir(own, { recursive: true })
    const parts = layers.get(name)!
    const written = [
      [join(directory, 'testnet.json'), parts.testnet],
      [join(directory, `group-${group}.json`), parts.group],
      [join(own, 'node.json'), parts.node],
      [join(own, 'keys.json'), parts.keys],
    ] as const
    for (const [file, layer] of written) await writeFile(file, JSON.stringify(layer))
    files.set(
      name,
      written.map(([file]) => file),
    )
  }
  return files
}

/** Waits for a condition; throws with the last state that `describe` gives when the deadline passes. */
export async function until(
  what: string,
  withinMs: number,
  condition: () => Promise<boolean> | boolean,
  everyMs = 100,
  describe: () => Promise<string> | string = () => '',
): Promise<number> {
  const started = performance.now()
  for (;;) {
    if (await condition()) return performance.now() - started
    if (performance.now() - started > withinMs)
      throw new Error(`not within ${withinMs} ms: ${what}\n${await describe()}`)
    await delay(everyMs)
  }
}

/** One line a node, for the message of a test that waited in vain. */
export const describeStatuses = (statuses: readonly NodeStatus[]): string =>
  statuses
    .map(
      ({ name, head, finalized, peers, sync }) =>
        `${name}: height ${head.height} ${head.hash.slice(0, 8)} finalized ${finalized.height} peers ${peers.inbound}+${peers.outbound} ${sync.state} ${sync.target}`,
    )
    .join('\n')

/** Do all have the same block at the lowest head's height? */
export function agree(statuses: readonly NodeStatus[]): boolean {
  const lowest = Math.min(...statuses.map(({ head }) => head.height))
  const hashes = new Set(statuses.map(status => status.recent.find(({ height }) => height === lowest)?.hash))
  return statuses.length > 0 && hashes.size === 1 && !hashes.has(undefined)
}

/** Waits until all running nodes share a chain of at least `height`. Returns how long it took, milliseconds. */
export function untilAgreed(network: Network, height: number, withinMs: number): Promise<number> {
  return until(
    `one chain of height ${height} on ${network.running().join(', ')}`,
    withinMs,
    async () => {
      const statuses = await network.statuses()
      return (
        statuses.length === network.running().length &&
        agree(statuses) &&
        statuses.every(({ head }) => head.height >= height)
      )
    },
    100,
    async () => describeStatuses(await network.statuses()),
  )
}
