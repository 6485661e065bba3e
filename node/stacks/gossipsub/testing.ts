// Real stacks on loopback for tests: each node has its own 127.x address where the system allows it.
import { createHash } from 'node:crypto'
import type { PeerAddress, PeerInfo, Stack, StackEvents, Topic, Verdict } from '../port.ts'
import { createGossipsubStack, type GossipsubStackOptions } from './index.ts'

export const GENESIS_HASH = createHash('sha256').update('gossipsub stack tests').digest('hex')

type Config = GossipsubStackOptions['config']
export interface NodeOptions {
  readonly index: number
  readonly bootstrap?: readonly PeerAddress[]
  readonly discovery?: { readonly dht: boolean; readonly exchange: boolean }
  readonly websocket?: boolean
  readonly limits?: Partial<Config['network']['limits']>
  readonly maxBlockBytes?: number
  readonly stack?: Partial<Omit<GossipsubStackOptions, 'config'>>
}

/** A stack's configuration with its own host and identity; ports are chosen by the system. */
export function testConfig(options: NodeOptions): Config {
  const { index, bootstrap = [], discovery = { dht: false, exchange: false } } = options
  return {
    keys: { network: createHash('sha256').update(`network key ${index}`).digest('hex') },
    listen: { host: hostOfNode(index), p2p: 0, ...(options.websocket && { websocket: 0 }), http: 0, admin: 0 },
    network: {
      stack: 'gossipsub',
      bootstrap: bootstrap.map(peer => ({ name: peer.id, peerId: peer.id, addresses: [...peer.addresses] })),
      static: [],
      discovery,
      limits: { outbound: 8, inbound: 125, perHost: 8, ...options.limits },
      gossipsub: { d: 4, dLow: 3, dHigh: 8, dLazy: 4, dOut: 1, dScore: 2, heartbeatMs: 200, fanoutTtlMs: 60_000 },
    },
    genesis: {
      chainId: 'stack-tests',
      time: 0,
      blockIntervalMs: 1_000,
      checkpointInterval: 8,
      quorum: { numerator: 2, denominator: 3 },
      maxBlockBytes: options.maxBlockBytes ?? 1_048_576,
      validators: [{ publicKey: '00'.repeat(32), weight: 1 }],
      accounts: [],
    },
  }
}

/** macOS has 127.0.0.1 only; Linux answers on all of 127.0.0.0/8. */
const hostOfNode = (index: number) =>
  process.platform === 'linux' ? `127.77.${index >> 8}.${index & 255}` : '127.0.0.1'

export interface Received {
  readonly topic: Topic
  readonly text: string
  readonly from: string
}

/** A started stack and what it told its node. */
export interface TestNode {
  readonly stack: Stack
  readonly events: StackEvents
  readonly address: PeerAddress
  readonly received: Received[]
  readonly duplicates: Topic[]
  /** `graft block out` and the like. */
  readonly meshControl: string[]
  readonly connected: PeerInfo[]
  readonly disconnected: { readonly peer: string; readonly reason: string }[]
  readonly discovered: { readonly id: string; readonly source: string }[]
  readonly offences: { readonly peer: string; readonly offence: string }[]
  /** Replace to decide otherwise than `accept`. */
  verdict: (topic: Topic, text: string) => Verdict
  onRequest: StackEvents['onRequest']
  /** Called on discovery; tests of joining dial from here. */
  onDiscovered: StackEvents['onDiscovered']
}

export async function startNode(options: NodeOptions): Promise<TestNode> {
  const config = testConfig(options)
  const stack = await createGossipsubStack({ config, genesisHash: GENESIS_HASH, ...options.stack })
  const node: TestNode = {
    stack,
    events: {
      onMessage: async (topic, bytes, from) => {
        const text = new TextDecoder().decode(bytes)
        node.received.push({ topic, text, from })
        return node.verdict(topic, text)
      },
      onDuplicate: topic => node.duplicates.push(topic),
      onRequest: (method, bytes, from) => node.onRequest(method, bytes, from),
      onConnected: peer => node.connected.push(peer),
      onDisconnected: (peer, reason) => node.disconnected.push({ peer: peer.id, reason }),
      onDiscovered: (peers, source, from) => {
        for (const peer of peers) node.discovered.push({ id: peer.id, source })
        node.onDiscovered(peers, source, from)
      },
      onMesh: () => undefined,
      onMeshControl: (change, topic, direction) => node.meshControl.push(`${change} ${topic} ${direction}`),
      onMisbehaviour: (peer, offence) => node.offences.push({ peer, offence }),
    },
    get address() {
      return { id: stack.id, addresses: stack.addresses() }
    },
    received: [],
    duplicates: [],
    meshControl: [],
    connected: [],
    disconnected: [],
    discovered: [],
    offences: [],
    verdict: () => 'accept',
    async *onRequest() {},
    onDiscovered: () => undefined,
  }
  await stack.start(node.events)
  return node
}

/** Waits until `condition` holds; throws with `state()` when the deadline passes. */
export async function until(condition: () => boolean, state: () => unknown, deadlineMs = 10_000): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms; state: ${JSON.stringify(state(), null, 1)}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

export async function collect(frames: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const frame of frames) all.push(frame)
  return all
}
