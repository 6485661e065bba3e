// What a Testnet expands to: everything about its nodes that does not depend on where they run. Plain JSON.
import type { Genesis, NodeConfig } from '../../api/node-config.ts'
import type { Settings } from '../../api/settings.ts'
import type { Role } from '../../api/testnet.ts'

export interface NodeSpec {
  /** `<group>-<index>` */
  readonly name: string
  readonly group: string
  readonly index: number
  readonly role: Role
  /** `default` in a testnet without regions. */
  readonly region: string
  /** 0 but for miners in genesis. */
  readonly weight: number
  readonly logLevel: Settings['logLevel']
  /** Listens for WebSocket connections too. */
  readonly websocket: boolean
  readonly keys: NodeConfig['keys']
  readonly peerId: string
  /** Public key of the validator; on miners in genesis only. */
  readonly validator?: string
  readonly network: Pick<NodeConfig['network'], 'stack' | 'discovery' | 'limits' | 'gossipsub'> & {
    /** Names of the nodes it first dials, itself excluded. */
    readonly bootstrap: readonly string[]
    /** Names of the nodes it stays connected with. */
    readonly static: readonly string[]
  }
  readonly load?: NonNullable<NodeConfig['load']>
}

/** An account whose key follows from the testnet's seed; both 64 hex digits. */
export interface Account {
  readonly seed: string
  readonly address: string
}

/** Latency from one region to another, one way. Pairs without delay and jitter are left out. */
export interface RegionLatency {
  readonly from: string
  readonly to: string
  readonly delayMs: number
  readonly jitterMs: number
}

export interface Expanded {
  readonly name: string
  readonly seed: string
  readonly genesis: Genesis
  readonly regions: readonly string[]
  readonly latency: readonly RegionLatency[]
  readonly nodes: readonly NodeSpec[]
  /**
   * Nodes that came after a given genesis and are not in it: miners without weight, which follow the chain like full
   * nodes, and load nodes without funds, which send nothing. Empty when genesis is the testnet's own.
   */
  readonly latecomers: readonly string[]
  /** Funded in genesis for the chaos runner's canary transactions. */
  readonly canaries: readonly Account[]
}
