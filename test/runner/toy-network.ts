// A network in miniature for the runner's tests: real HTTP servers with the ports of a node, over a toy chain in this
// process that obeys link rows. Longest chain wins; one block per turn; held messages arrive when the row ends.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { LinkRow } from '../../api/link.ts'
import type { TestnetFacts } from '../../api/run.ts'
import type { NodeEndpoint } from '../../chaos/runner/node-client.ts'
import { nodeHolders } from '../../chaos/runner/node-holders.ts'
import type { Target } from '../../chaos/runner/target.ts'

const TURN_MS = 30
const CHECKPOINT = 4

interface ToyBlock {
  readonly hash: string
  readonly parent: string
  readonly height: number
  readonly timestamp: number
  readonly producer: string
  readonly transactions: readonly string[]
}
type Message = { readonly block: ToyBlock } | { readonly transaction: string }

const genesis: ToyBlock = { hash: 'genesis', parent: '', height: 0, timestamp: 0, producer: '', transactions: [] }
const sha = (text: string): string => createHash('sha256').update(text).digest('hex')

class ToyNode {
  readonly name: string
  readonly peerId: string
  readonly rows = new Map<string, { row: LinkRow; held: number }>()
  readonly blocks = new Map([[genesis.hash, genesis]])
  readonly pool = new Set<string>()
  readonly servers: Server[] = []
  startedAt = Date.now()
  head = genesis
  finalized = genesis
  deepest = 0
  paused = false
  /** Answer link rows with an error: a node that cannot be injected. */
  refusesRows = false
  readonly #events: { id: number; kind: string; data: string }[] = []
  readonly #streams = new Set<ServerResponse>()

  constructor(name: string) {
    this.name = name
    this.peerId = `id-${name}`
  }

  /** Answers nothing until it is restarted, and forgets its rows. */
  kill(): void {
    this.paused = true
    this.rows.clear()
  }

  restart(): void {
    this.kill()
    this.startedAt++
    this.paused = false
  }

  emit(kind: string, fields: object): void {
    const event = { id: this.#events.length + 1, kind, data: JSON.stringify({ at: Date.now(), kind, ...fields }) }
    this.#events.push(event)
    for (const stream of this.#streams) stream.write(this.#frame(event))
  }

  #frame({ id, kind, data }: { id: number; kind: string; data: string }): string {
    return `id: ${this.startedAt}-${id}\nevent: ${kind}\ndata: ${data}\n\n`
  }

  chain(from: ToyBlock = this.head): ToyBlock[] {
    const chain: ToyBlock[] = []
    for (let block: ToyBlock | undefined = from; block; block = this.blocks.get(block.parent)) chain.push(block)
    return chain
  }

  drops(direction: 'in' | 'out', peer: string): boolean {
    const now = Date.now()
    return [...this.rows.values()].some(
      ({ row }) =>
        row.endsAt > now &&
        row.classes.some(
          entry => entry.direction === direction && entry.link.drop && entry.peers.some(({ name }) => name === peer),
        ),
    )
  }

  take(block: ToyBlock, from: string): void {
    if (this.blocks.has(block.hash)) return
    this.blocks.set(block.hash, block)
    this.emit('block', {
      hash: block.hash,
      parent: block.parent,
      height: block.height,
      producer: block.producer,
      delayMs: Date.now() - block.timestamp,
      transactions: block.transactions.length,
      from,
    })
    if (block.height > this.head.height || (block.height === this.head.height && block.hash < this.head.hash))
      this.#follow(block)
  }

  #follow(block: ToyBlock): void {
    const before = this.chain()
    const after = this.chain(block)
    const common = before.find(old => after.includes(old)) ?? genesis
    const reverted = before.slice(0, before.indexOf(common))
    this.head = block
    const included = new Set(after.flatMap(({ transactions }) => transactions))
    for (const id of reverted.flatMap(({ transactions }) => transactions)) this.pool.add(id)
    for (const id of included) this.pool.delete(id)
    if (reverted.length > 0) {
      this.deepest = Math.max(this.deepest, reverted.length)
      this.emit('reorg', {
        depth: reverted.length,
        ancestor: common,
        from: reverted[0],
        to: block,
        returned: 0,
        dropped: 0,
      })
    }
    const checkpoint = after.find(({ height }) => height % CHECKPOINT === 0 && height <= block.height - CHECKPOINT)
    if (checkpoint && checkpoint.height > this.finalized.height && this.rows.size === 0) {
      this.finalized = checkpoint
      this.emit('finalized', { hash: checkpoint.hash, height: checkpoint.height })
    }
  }

  async serve(network: Miniature): Promise<NodeEndpoint> {
    const open = async (
      handle: (request: IncomingMessage, response: ServerResponse, body: Buffer) => void,
    ): Promise<string> => {
      const server = createServer(async (request, response) => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk as Buffer)
        while (this.paused) await delay(20)
        handle(request, response, Buffer.concat(chunks))
      })
      this.servers.push(server)
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }
    const statusUrl = await open((request, response, body) => this.#public(network, request, response, body))
    return {
      name: this.name,
      statusUrl,
      adminUrl: await open((request, response, body) => this.#admin(network, request, response, body)),
    }
  }

  #public(network: Miniature, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://toy')
    if (pathname !== '/v1/events') {
      answer(response, this.#read(network, pathname, request.method === 'POST' ? body : undefined))
      return
    }
    const last = request.headers['last-event-id'] ?? searchParams.get('after') ?? this.#events.length
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const event of this.#events.slice(Number(/\d+$/.exec(String(last))?.[0]))) response.write(this.#frame(event))
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
  }

  #read(network: Miniature, pathname: string, submitted: Buffer | undefined): object | undefined {
    const [, , collection, id = ''] = pathname.split('/')
    const chain = this.chain()
    if (pathname === '/status') return this.status(network)
    if (collection === 'accounts') return { nextNonce: 0 }
    if (collection === 'blocks') return chain.find(({ height }) => height === Number(id))
    if (submitted) {
      const hash = sha(submitted.toString())
      network.submit(this, hash)
      return { id: hash }
    }
    const block = chain.find(({ transactions }) => transactions.includes(id))
    if (block) return { state: 'included', block: block.hash, height: block.height }
    return this.pool.has(id) ? { state: 'pending' } : undefined
  }

  #admin(network: Miniature, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const id = decodeURIComponent(new URL(request.url ?? '', 'http://toy').pathname.split('/')[3] ?? '')
    const told = ({ row, held }: { row: LinkRow; held: number }): object => ({
      id: row.id,
      endsAt: row.endsAt,
      links: [{ peer: 'all', direction: 'out', heldBytes: held, delayedBytes: 0, leakedBytes: 0 }],
    })
    if (request.method === 'GET') answer(response, { faults: [...this.rows.values()].map(told) })
    else if (request.method === 'DELETE') {
      const entry = this.rows.get(id)
      this.rows.delete(id)
      answer(response, entry && told(entry))
      network.flush()
    } else if (this.refusesRows) answer(response, { error: { code: 'refused', message: 'no rows here' } }, 409)
    else {
      this.rows.set(id, { row: JSON.parse(body.toString()) as LinkRow, held: 0 })
      answer(response, { id }, 201)
    }
  }

  status(network: Miniature): object {
    const { name, peerId, startedAt, head, finalized, deepest } = this
    return {
      name,
      peerId,
      startedAt,
      now: Date.now(),
      head,
      finalized,
      testnet: 'toy',
      pid: 7,
      recent: this.chain().slice(0, 64),
      peers: { inbound: 0, outbound: network.nodes.length - 1 },
      mesh: { block: network.nodes.length - 1 },
      pool: { count: this.pool.size, bytes: 0 },
      reorgs: { count: 0, deepest },
    }
  }
}

function answer(response: ServerResponse, value: object | undefined, status = 200): void {
  response.writeHead(value ? status : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value ?? { error: { code: 'not-found', message: 'not found' } }))
}

export class Miniature {
  readonly nodes: ToyNode[]
  readonly facts: TestnetFacts
  endpoints: NodeEndpoint[] = []
  #held: { from: ToyNode; to: ToyNode; message: Message }[] = []
  #turn = 0
  #timer: NodeJS.Timeout | undefined

  constructor(names: readonly string[]) {
    this.nodes = names.map(name => new ToyNode(name))
    this.facts = {
      name: 'toy',
      seed: 's',
      blockIntervalMs: TURN_MS,
      checkpointInterval: CHECKPOINT,
      quorum: { numerator: 2, denominator: 3 },
      nodes: this.nodes.map(({ name, peerId }) => ({
        name,
        group: 'miner',
        role: 'miner',
        region: 'here',
        weight: 1,
        peerId,
        host: '127.0.0.1',
      })),
    }
  }

  async start(): Promise<this> {
    this.endpoints = await Promise.all(this.nodes.map(node => node.serve(this)))
    const begun = Date.now()
    // By the clock: timers of a busy machine come late and are not made up for.
    this.#timer = setInterval(() => {
      const due = (Date.now() - begun) / TURN_MS
      while (this.#turn < due) this.#make(this.nodes[this.#turn++ % this.nodes.length]!)
    }, TURN_MS)
    return this
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    for (const server of this.nodes.flatMap(({ servers }) => servers)) {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }

  /** The network as a target; every call on its processes is noted in `calls`. */
  target(more: Partial<Target> = {}, calls: string[] = []): Target {
    const { nodes = this.endpoints } = more
    const on =
      (verb: string, act: (node: ToyNode) => void) =>
      async (name: string, ..._: unknown[]): Promise<void> => {
        calls.push(`${verb} ${name}`)
        act(this.node(name))
        this.flush()
      }
    const { links } = nodeHolders(nodes)
    return {
      testnet: this.facts,
      nodes,
      fidelity: 'userspace',
      links,
      lifecycle: {
        kill: on('kill', node => node.kill()),
        pause: on('pause', node => {
          node.paused = true
        }),
        resume: on('resume', node => {
          node.paused = false
        }),
        revive: on('revive', node => node.restart()),
        restart: on('restart', node => node.restart()),
      },
      ...more,
    }
  }

  node(name: string): ToyNode {
    return this.nodes.find(node => node.name === name)!
  }

  submit(node: ToyNode, id: string): void {
    node.pool.add(id)
    this.#spread(node, { transaction: id })
  }

  /** Delivers what no row holds any more. */
  flush(): void {
    const held = this.#held
    this.#held = []
    for (const { from, to, message } of held) this.#deliver(from, to, message)
  }

  #make(node: ToyNode): void {
    if (node.paused) return
    const { head } = node
    const transactions = [...node.pool]
    const block = {
      hash: sha(`${node.name} on ${head.hash}`),
      parent: head.hash,
      height: head.height + 1,
      timestamp: Date.now(),
      producer: node.name,
      transactions,
    }
    node.take(block, 'self')
    this.#spread(node, { block })
    this.flush()
  }

  #spread(from: ToyNode, message: Message): void {
    for (const to of this.nodes) if (to !== from) this.#deliver(from, to, message)
  }

  #deliver(from: ToyNode, to: ToyNode, message: Message): void {
    if (from.drops('out', to.name) || to.drops('in', from.name) || to.paused) {
      for (const entry of from.rows.values()) entry.held += 100
      this.#held.push({ from, to, message })
      return
    }
    if ('block' in message && !to.blocks.has(message.block.parent)) {
      this.#held.push({ from, to, message })
      return
    }
    if ('block' in message) to.take(message.block, from.peerId)
    else if (!to.chain().some(({ transactions }) => transactions.includes(message.transaction)))
      to.pool.add(message.transaction)
  }
}
