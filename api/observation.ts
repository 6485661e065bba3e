// What a node tells about itself: the shapes of GET /status, GET /v1/peers and the events of GET /v1/events.
// Readers (the local driver, the operator, the chaos runner, the terminal) rely on these; the node's http folder produces them.

export interface BlockRef {
  /** 64 lowercase hex digits. */
  readonly hash: string
  readonly height: number
}

export interface HeadRef extends BlockRef {
  /** Producer's clock, milliseconds since the epoch. */
  readonly timestamp: number
  /** Validator public key, hex. */
  readonly producer: string
  /** Cumulative work from genesis, decimal. */
  readonly work: string
}

export interface NodeStatus {
  readonly name: string
  readonly testnet: string
  readonly role: string
  readonly group: string
  readonly region: string
  readonly version: string
  readonly stack: string
  readonly peerId: string
  readonly pid: number
  /** Milliseconds since the epoch, the node's clock. */
  readonly startedAt: number
  /** What the chain takes for the time: a fault may have put it wrong. */
  readonly now: number
  readonly genesis: string
  readonly head: HeadRef
  readonly justified: BlockRef
  readonly finalized: BlockRef
  /** The main chain's last blocks, newest first, at most 64: two nodes agree at the newest height they both list. */
  readonly recent: readonly BlockRef[]
  readonly sync: { readonly state: 'idle' | 'syncing'; readonly target: number }
  readonly peers: { readonly inbound: number; readonly outbound: number }
  /** Mesh size by topic. */
  readonly mesh: Readonly<Record<string, number>>
  readonly pool: { readonly count: number; readonly bytes: number }
  readonly reorgs: { readonly count: number; readonly deepest: number }
  /** The node takes itself to be cut off, by the blocks it sees and the peers it lost; nodes of earlier versions do not say. */
  readonly partitionSuspected?: boolean
}

export interface PeerStatus {
  readonly id: string
  /** Node name when the handshake told it. */
  readonly name: string
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  readonly score: number
  readonly latencyMs: number | null
  readonly connectedAt: number
  readonly head: BlockRef | null
}

/** One line of /v1/events and of the node's event log. `at` is the node's clock, milliseconds since the epoch. */
export type NodeEvent = { readonly at: number } & (
  | {
      readonly kind: 'head'
      readonly hash: string
      readonly height: number
      readonly producer: string
      readonly work: string
    }
  /** A block was imported; `delayMs` is receipt minus the producer's timestamp, `from` the peer that brought it or `self`. */
  | {
      readonly kind: 'block'
      readonly hash: string
      readonly parent: string
      readonly height: number
      readonly producer: string
      readonly delayMs: number
      readonly transactions: number
      readonly from: string
    }
  | {
      readonly kind: 'reorg'
      readonly depth: number
      readonly ancestor: BlockRef
      readonly from: BlockRef
      readonly to: BlockRef
      readonly returned: number
      readonly dropped: number
    }
  | { readonly kind: 'justified'; readonly hash: string; readonly height: number }
  | { readonly kind: 'finalized'; readonly hash: string; readonly height: number }
  | { readonly kind: 'equivocation'; readonly producer: string; readonly height: number }
  | {
      readonly kind: 'peer'
      readonly change: 'connected' | 'disconnected'
      readonly peer: string
      readonly name: string
      readonly direction: 'inbound' | 'outbound'
      readonly reason: string
    }
  | { readonly kind: 'mesh'; readonly topic: string; readonly peers: readonly string[] }
  | { readonly kind: 'sync'; readonly state: 'started' | 'finished'; readonly height: number; readonly target: number }
  | { readonly kind: 'faults'; readonly id: string; readonly change: 'applied' | 'replaced' | 'ended' }
)

export type NodeEventKind = NodeEvent['kind']

/** What a link did since its row was applied; GET /v1/faults on the administration port lists one per peer and direction. */
export interface LinkCounters {
  readonly peer: string
  readonly direction: 'in' | 'out'
  /** Bytes that met the row: held by a drop or delayed. */
  readonly heldBytes: number
  readonly delayedBytes: number
  /** Bytes that got through while the row said drop: 0 when the fault bites. */
  readonly leakedBytes: number
  /** Packets that a lossy link swallowed; absent where nobody counts them, as in streams. */
  readonly lostPackets?: number
}

export interface FaultStatus {
  readonly id: string
  readonly endsAt: number
  readonly links: readonly LinkCounters[]
}
