// Settings of a node that may differ between nodes, and how their layers merge:
// built-in < testnet (`network` and `defaults`) < group < override. Absent fields leave the layer below as it is.
import { z } from 'zod'
import { duration, milliseconds } from './units.ts'

export const discovery = z.strictObject({
  /** Dial the nodes of role bootstrap. */
  bootstrap: z.boolean().optional(),
  /** Walk the distributed hash table. */
  dht: z.boolean().optional(),
  /** Ask connected peers for the peers they know. */
  exchange: z.boolean().optional(),
})

export const limits = z.strictObject({
  /** Connections the node opens and keeps; static peers come on top. */
  outbound: z.int().min(0).max(125).optional(),
  inbound: z.int().min(0).max(1_000).optional(),
  /** Connections with one host. */
  perHost: z.int().min(1).max(1_000).optional(),
})

const degree = z.int().min(0).max(64).optional()
export const gossipsub = z.strictObject({
  /** Mesh degree aimed at. */
  d: degree,
  dLow: degree,
  dHigh: degree,
  /** Peers outside the mesh told of messages at each heartbeat, at least. */
  dLazy: degree,
  /** Mesh peers that must be connections of our own making. */
  dOut: degree,
  /** Mesh peers kept for their score when the mesh is pruned. */
  dScore: degree,
  heartbeat: duration({ min: '50ms', max: '60s' }).optional(),
  /** How long peers are remembered for topics the node publishes to but does not follow. */
  fanoutTtl: duration({ min: '1s', max: '1h' }).optional(),
})

/** Network parameters: `spec.network` holds the testnet's, a group or an override may differ. */
export const nodeNetwork = z.strictObject({
  discovery: discovery.optional(),
  limits: limits.optional(),
  gossipsub: gossipsub.optional(),
})

/** What `defaults`, groups and overrides may say of a node. */
export const nodeSettings = {
  /** Absent everywhere: the group's nodes are spread over the regions in turn. */
  region: z.string().min(1).max(63).optional(),
  /** Share in block production and votes, relative to the other miners'. */
  weight: z.int().min(1).max(1_000_000).optional(),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']).optional(),
  /** Listen for WebSocket connections too. */
  websocket: z.boolean().optional(),
}

export interface SettingsLayer {
  readonly region?: string | undefined
  readonly weight?: number | undefined
  readonly logLevel?: 'error' | 'warn' | 'info' | 'debug' | undefined
  readonly websocket?: boolean | undefined
  readonly network?: z.infer<typeof nodeNetwork> | undefined
}

export interface Settings {
  /** Undefined when no layer names one. */
  readonly region: string | undefined
  readonly weight: number
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug'
  readonly websocket: boolean
  readonly discovery: { readonly bootstrap: boolean; readonly dht: boolean; readonly exchange: boolean }
  readonly limits: { readonly outbound: number; readonly inbound: number; readonly perHost: number }
  readonly gossipsub: {
    readonly d: number
    readonly dLow: number
    readonly dHigh: number
    readonly dLazy: number
    readonly dOut: number
    readonly dScore: number
    readonly heartbeatMs: number
    readonly fanoutTtlMs: number
  }
}

/**
 * The built-in layer. Degrees as go-libp2p-pubsub has them, heartbeat as in Ethereum's consensus layer,
 * connection limits as in Bitcoin (8 full-relay outbound, 125 in all). A miner's weight is 100 so that the lottery's
 * whole-number difficulty stays fine-grained with a few miners and short intervals.
 */
export const builtInSettings: Settings = {
  region: undefined,
  weight: 100,
  logLevel: 'info',
  websocket: false,
  discovery: { bootstrap: true, dht: true, exchange: true },
  limits: { outbound: 8, inbound: 125, perHost: 8 },
  gossipsub: { d: 6, dLow: 5, dHigh: 12, dLazy: 6, dOut: 2, dScore: 4, heartbeatMs: 700, fanoutTtlMs: 60_000 },
}

/** The built-in layer under a topology of static peerings: nodes keep to those and look for nobody else. */
export const staticTopologySettings: Settings = {
  ...builtInSettings,
  discovery: { bootstrap: false, dht: false, exchange: false },
  limits: { ...builtInSettings.limits, outbound: 0 },
}

/** The settings after one more layer. */
export function mergeSettings(below: Settings, layer: SettingsLayer): Settings {
  const { heartbeat, fanoutTtl, ...degrees } = layer.network?.gossipsub ?? {}
  return {
    region: layer.region ?? below.region,
    weight: layer.weight ?? below.weight,
    logLevel: layer.logLevel ?? below.logLevel,
    websocket: layer.websocket ?? below.websocket,
    discovery: overlay(below.discovery, layer.network?.discovery ?? {}),
    limits: overlay(below.limits, layer.network?.limits ?? {}),
    gossipsub: overlay(below.gossipsub, {
      ...degrees,
      heartbeatMs: heartbeat === undefined ? undefined : Math.round(milliseconds(heartbeat)),
      fanoutTtlMs: fanoutTtl === undefined ? undefined : Math.round(milliseconds(fanoutTtl)),
    }),
  }
}

/** `below` with the fields that `layer` defines. */
function overlay<T extends object>(below: T, layer: { readonly [K in keyof T]?: T[K] | undefined }): T {
  return { ...below, ...Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined)) }
}
