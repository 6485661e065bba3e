// The port between a network stack and the rest of the node. A stack moves bytes between peers and keeps its own
// discovery and routing; what the bytes mean, who is trusted and whom to dial is decided above it.

export type PeerId = string

/** `block`, `transaction` and `vote` objects are spread to everyone. */
export type Topic = 'block' | 'transaction' | 'vote'
export const topics: readonly Topic[] = ['block', 'transaction', 'vote']
/** Largest message of topic `transaction`: one transaction of any size, or as many small ones as fit. */
export const MAX_TRANSACTION_MESSAGE_BYTES = 80 * 1_024

/** accept: forward it. ignore: neither forward nor blame. reject: the sender broke a rule and pays for it. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** Request-response methods, served by node/sync and node/peers. */
export type Method = 'status' | 'headers' | 'bodies' | 'finality' | 'pool' | 'peers'
export const methods: readonly Method[] = ['status', 'headers', 'bodies', 'finality', 'pool', 'peers']

export interface PeerInfo {
  readonly id: PeerId
  /** Where it is dialled or came from, as the stack writes addresses. */
  readonly address: string
  /** The host part of the address: what caps per address and link rows are keyed by. */
  readonly host: string
  readonly direction: 'inbound' | 'outbound'
  /** Milliseconds since the epoch. */
  readonly connectedAt: number
  /** Round trip measured by the stack's keep-alive; null until the first answer. */
  readonly latencyMs: number | null
}

/** An address somebody told us: not trusted until a dial proves it. */
export interface PeerAddress {
  readonly id: PeerId
  readonly addresses: readonly string[]
}

/** Upcalls. The node gives one of these to the stack; none of them may throw. */
export interface StackEvents {
  /** A message arrived for the first time. The stack forwards it only after `accept`. `bytes` is at most the topic's limit. */
  onMessage(topic: Topic, bytes: Uint8Array, from: PeerId): Promise<Verdict>
  /** A message arrived that had arrived before. */
  onDuplicate?(topic: Topic): void
  /** A peer and this node became (graft) or ceased to be (prune) neighbours of a topic; `out` when this node said so. */
  onMeshControl?(change: 'graft' | 'prune', topic: Topic, direction: 'in' | 'out'): void
  /** A peer asks; yields the answer's frames. Throw RequestRefused to answer with an error code. */
  onRequest(method: Method, bytes: Uint8Array, from: PeerId): AsyncIterable<Uint8Array>
  /** The secured connection is up; nothing is known of the peer's chain yet. */
  onConnected(peer: PeerInfo): void
  onDisconnected(peer: PeerInfo, reason: string): void
  /** Discovery (bootstrap list, DHT, peer exchange) found addresses; `from` is the peer that told them. */
  onDiscovered(peers: readonly PeerAddress[], source: 'bootstrap' | 'dht' | 'exchange', from?: PeerId): void
  /** The eager-push neighbours of a topic changed. */
  onMesh(topic: Topic, peers: readonly PeerId[]): void
  /** The stack itself saw misbehaviour (broken framing, oversized frame, protocol abuse). Weight as in node/peers/score.ts. */
  onMisbehaviour(peer: PeerId, offence: string): void
}

/** Bytes of one protocol since the start. */
export interface ProtocolBytes {
  /** A method, or one of the stack's own: few and known beforehand (api/metrics/node.ts). */
  readonly protocol: string
  readonly in: number
  readonly out: number
}

export interface RequestOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** One network of the seeds. Every queue inside has a named bound. */
export interface Stack {
  readonly name: 'gossipsub' | 'websocket' | 'casper' | 'kademlia'
  readonly id: PeerId
  /** Addresses others can dial, known after start. */
  addresses(): readonly string[]
  start(events: StackEvents): Promise<void>
  stop(): Promise<void>
  /** Dials; resolves when the connection is secured and the peer's identity proved. Rejects with a reason. */
  connect(peer: PeerAddress, options: RequestOptions): Promise<void>
  /** Closes every connection of the peer. */
  disconnect(peer: PeerId, reason: string): Promise<void>
  /** Spreads an object of our own or one that was fetched by request. Resolves to how many peers took it at once. */
  publish(topic: Topic, bytes: Uint8Array): Promise<number>
  /** Sends one frame, yields the answer's frames. Rejects with RequestFailed. */
  request(peer: PeerId, method: Method, bytes: Uint8Array, options: RequestOptions): AsyncIterable<Uint8Array>
  peers(): readonly PeerInfo[]
  /** Eager-push neighbours of a topic; all peers for a flooding stack. */
  mesh(topic: Topic): readonly PeerId[]
  /** Signed address records of connected peers, as they are handed on in answer to `peers` (node/peers/exchange.ts). */
  records(): readonly { readonly id: PeerId; readonly bytes: Uint8Array }[]
  /** What the stack's own routing thinks of a connected peer, where it keeps score. */
  routingScore?(peer: PeerId): number
  /** Payload of its streams so far. */
  traffic?(): readonly ProtocolBytes[]
  /** The shared score of a peer changed (node/peers); the stack may weigh it in its own routing. */
  scored(peer: PeerId, score: number): void
}

/** A served request was refused; `code` travels to the asker. */
export class RequestRefused extends Error {
  readonly code: 'rate-limited' | 'malformed' | 'unknown' | 'busy'
  constructor(code: RequestRefused['code'], message: string) {
    super(message)
    this.name = 'RequestRefused'
    this.code = code
  }
}

/** A request of ours failed. `timeout` and `closed` are the network's fault, the others the peer's. */
export class RequestFailed extends Error {
  readonly code: 'timeout' | 'closed' | 'refused' | 'malformed' | 'oversized'
  constructor(code: RequestFailed['code'], message: string) {
    super(message)
    this.name = 'RequestFailed'
    this.code = code
  }
}
