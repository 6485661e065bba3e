// A peer that need not be honest: the node's own stack with an identity of its own, which sends and answers whatever a
// test tells it to.
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { createGossipsubStack } from '../../node/stacks/gossipsub/index.ts'
import type { Method, Stack, Topic } from '../../node/stacks/port.ts'
import { encodeStatus, PROTOCOL_VERSION, type Status } from '../../node/sync/messages.ts'
import { type Network, until } from './network.ts'

export interface StrangerOptions {
  /** Decides its identity and its address. */
  readonly number: number
  /** What it tells of itself; by default that it has what the victim has. */
  readonly status?: (honest: Status) => Status
  /** Its answers; by default none. `status` is answered in any case. */
  readonly answer?: (method: Exclude<Method, 'status'>, bytes: Uint8Array) => AsyncIterable<Uint8Array>
  /** The chain it speaks the protocols of; the victim's by default. */
  readonly genesisHash?: string
}

const dial = { timeoutMs: 5_000 }
/** Addresses of strangers, beyond those a testnet's nodes get. */
const FIRST_HOST = 200

export class Stranger {
  readonly stack: Stack
  readonly victim: { readonly id: string; readonly addresses: readonly string[] }
  /** The last message of each topic that the victim sent. */
  readonly heard = new Map<Topic, Uint8Array>()
  readonly asked = new Map<Method, number>()
  #status: Status
  #ended: string | undefined

  private constructor(stack: Stack, victim: Stranger['victim'], status: Status) {
    this.stack = stack
    this.victim = victim
    this.#status = status
  }

  /** A started stranger that knows where the victim is. */
  static async start(network: Network, name: string, options: StrangerOptions): Promise<Stranger> {
    const { config, peer } = network.node(name)
    const { genesis, head, justified, finalized } = await network.status(name)
    const host = strangerHost(config.listen.host, options.number)
    const stack = await createGossipsubStack({
      config: {
        keys: { network: createHash('sha256').update(`stranger ${options.number}`).digest('hex') },
        listen: { host, p2p: 0, http: 0, admin: 0 },
        network: { ...config.network, bootstrap: [], static: [], discovery: { dht: false, exchange: false } },
        // It may send larger frames than the victim takes.
        genesis: { ...config.genesis, maxBlockBytes: 4_194_304 },
      },
      genesisHash: options.genesisHash ?? genesis,
    })
    const honest: Status = {
      protocolVersion: PROTOCOL_VERSION,
      genesisHash: genesis,
      chainId: config.genesis.chainId,
      head: { hash: head.hash, height: head.height, work: BigInt(head.work) },
      justified,
      finalized,
      name: `stranger-${options.number}`,
      capabilities: [],
    }
    const address = `/ip4/${config.listen.host}/tcp/${config.listen.p2p}`
    const stranger = new Stranger(stack, { id: peer.peerId, addresses: [address] }, options.status?.(honest) ?? honest)
    await stack.start({
      onMessage: async (topic, bytes) => {
        stranger.heard.set(topic, bytes)
        return 'ignore'
      },
      onRequest: (method, bytes) => stranger.#answer(method, bytes, options.answer),
      onConnected: () => undefined,
      onDisconnected: (_, reason) => {
        stranger.#ended = reason
      },
      onDiscovered: () => undefined,
      onMesh: () => undefined,
      onMisbehaviour: () => undefined,
    })
    return stranger
  }

  /** Dials the victim and shakes hands. Returns the victim's answer, an encoded status. */
  async meet(): Promise<Uint8Array[]> {
    this.#ended = undefined
    await this.stack.connect(this.victim, dial)
    return this.ask('status', encodeStatus(this.#status))
  }

  async ask(method: Method, bytes: Uint8Array): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = []
    for await (const frame of this.stack.request(this.victim.id, method, bytes, dial)) frames.push(frame)
    return frames
  }

  get connected(): boolean {
    return this.stack.peers().length > 0
  }

  /** Why the connection ended, as this side saw it. */
  get ended(): string | undefined {
    return this.#ended
  }

  /** Waits until gossip reaches the victim; false when it has ended the connection instead. */
  async meshed(topic: Topic): Promise<boolean> {
    await until(`a mesh for ${topic}`, 10_000, () => !this.connected || this.stack.mesh(topic).length > 0, 20)
    return this.connected
  }

  /** Sends the messages one by one until the victim ends the connection or there is none left. Returns how many left. */
  async publishUntilDropped(topic: Topic, messages: Iterable<Uint8Array>): Promise<number> {
    let sent = 0
    await this.meshed(topic)
    for (const message of messages) {
      if (!this.connected) break
      sent += await this.stack.publish(topic, message)
      // Lets what was sent leave, and what was answered come in.
      await setImmediate()
    }
    return sent
  }

  async *#answer(method: Method, bytes: Uint8Array, answer: StrangerOptions['answer']): AsyncGenerator<Uint8Array> {
    this.asked.set(method, (this.asked.get(method) ?? 0) + 1)
    if (method === 'status') yield encodeStatus(this.#status)
    else if (answer !== undefined) yield* answer(method, bytes)
  }
}

/** A host of its own in the victim's network where the system has more than one. */
function strangerHost(victim: string, number: number): string {
  if (victim === '127.0.0.1') return victim
  return `${victim.split('.').slice(0, 3).join('.')}.${FIRST_HOST + (number % 50)}`
}
