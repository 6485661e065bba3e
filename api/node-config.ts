// The configuration of one node process: written by a driver (operator/local, operator/kubernetes), read by node/config.ts.
import { z } from 'zod'

const hex32 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lowercase hex digits')
const port = z.int().min(0).max(65535)
const milliseconds = z.int().min(0)

const link = z.strictObject({
  drop: z.boolean().default(false),
  delayMs: z.number().min(0).max(60_000).optional(),
  jitterMs: z.number().min(0).max(60_000).optional(),
  correlation: z.number().min(0).max(1).optional(),
  reordering: z.number().min(0).max(1).optional(),
  loss: z.number().min(0).max(1).optional(),
  rate: z.number().min(1).optional(),
})
const linkPeer = z.strictObject({ name: z.string().max(253), host: z.string().max(253), peerId: z.string().max(128) })
export const linkClassSchema = z.strictObject({
  direction: z.enum(['in', 'out']),
  link,
  peers: z.array(linkPeer).max(10_000),
})
/** Body of PUT /v1/faults/:id on the administration port. */
export const linkRowSchema = z.strictObject({
  id: z.string().min(1).max(253),
  endsAt: z.number().int().positive(),
  classes: z.array(linkClassSchema).max(1_000),
})

/** The most that one skew may be: an hour either way. */
export const MAX_SKEW_MS = 3_600_000
/** Body of PUT /v1/clock/:id on the administration port: the node's clock is wrong by so much until then. */
export const clockSkewSchema = z.strictObject({
  id: z.string().min(1).max(253),
  /** Milliseconds ahead; behind when negative. Skews of different ids add up. */
  offsetMs: z.number().min(-MAX_SKEW_MS).max(MAX_SKEW_MS),
  /** Absolute, by the true clock. */
  endsAt: z.number().int().positive(),
})
export type ClockSkew = z.infer<typeof clockSkewSchema>

export const genesisSchema = z.strictObject({
  /** The testnet's name: part of the genesis hash, so two testnets never mix. */
  chainId: z.string().min(1).max(63),
  /** Milliseconds since the epoch. */
  time: milliseconds,
  blockIntervalMs: z.int().min(50).max(3_600_000),
  /** Blocks between checkpoints; votes are cast on checkpoints only. */
  checkpointInterval: z.int().min(1).max(1_024),
  /** Fraction of the weight that justifies a checkpoint. */
  quorum: z.strictObject({ numerator: z.int().min(1), denominator: z.int().min(1) }),
  maxBlockBytes: z.int().min(1_024).max(4_194_304),
  validators: z
    .array(z.strictObject({ publicKey: hex32, weight: z.int().min(1).max(1_000_000) }))
    .min(1)
    .max(4_096),
  accounts: z.array(z.strictObject({ address: hex32, balance: z.int().min(0) })).max(65_536),
})
export type Genesis = z.infer<typeof genesisSchema>

/** Nodes of a testnet at most. */
export const MAX_ROSTER = 5_000
/** Ordered pairs of regions at most. */
const MAX_LATENCY_ROWS = 4_096
const delay = z.number().min(0).max(60_000)

const roster = {
  /** Every node of the testnet, itself included; empty where no latency depends on it. */
  roster: z
    .array(
      z.strictObject({
        name: z.string().max(63),
        peerId: z.string().max(128),
        region: z.string().max(63),
        /** Its IP address on the wire where that is known beforehand. Else it is known by its peer id alone. */
        host: z.string().max(253).optional(),
      }),
    )
    .max(MAX_ROSTER)
    .default([]),
  /** From region to region, one way, milliseconds: what a node imposes on what it sends. */
  latency: z
    .array(z.strictObject({ from: z.string().max(63), to: z.string().max(63), delayMs: delay, jitterMs: delay }))
    .max(MAX_LATENCY_ROWS)
    .default([]),
}
/** The part of the configuration that a node reads again while it runs. What else the files say is not looked at. */
export const rosterSchema = z.object(roster)
export type Roster = z.infer<typeof rosterSchema>

export const nodeConfigSchema = z.strictObject({
  name: z.string().min(1).max(63),
  testnet: z.string().min(1).max(63),
  group: z.string(),
  role: z.enum(['bootstrap', 'miner', 'full', 'load']),
  region: z.string(),
  dataDir: z.string(),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
  genesis: genesisSchema,
  keys: z.strictObject({
    /** Seed of the network identity (ed25519). */
    network: hex32,
    /** Seed of the validator key; present on miners. */
    validator: hex32.optional(),
  }),
  listen: z.strictObject({ host: z.string(), p2p: port, websocket: port.optional(), http: port, admin: port }),
  /** Address others reach this node at; the listen host when absent. */
  announce: z.string().optional(),
  /** Bearer token of the administration port; without it the port must be on loopback. */
  adminToken: z.string().min(16).optional(),
  network: z.strictObject({
    stack: z.enum(['gossipsub']),
    bootstrap: z
      .array(z.strictObject({ name: z.string(), peerId: z.string(), addresses: z.array(z.string()) }))
      .max(64),
    /** Peers this node keeps connected whatever the policy says (topology); at most 64. */
    static: z
      .array(z.strictObject({ name: z.string(), peerId: z.string(), addresses: z.array(z.string()) }))
      .max(64)
      .default([]),
    discovery: z.strictObject({ dht: z.boolean(), exchange: z.boolean() }),
    limits: z.strictObject({
      outbound: z.int().min(0).max(125),
      inbound: z.int().min(0).max(1_000),
      perHost: z.int().min(1).max(1_000),
    }),
    gossipsub: z.strictObject({
      d: z.int(),
      dLow: z.int(),
      dHigh: z.int(),
      dLazy: z.int(),
      dOut: z.int(),
      dScore: z.int(),
      heartbeatMs: milliseconds,
      fanoutTtlMs: milliseconds,
    }),
  }),
  /** Standing links follow from it; rows from the administration port compose on top. */
  ...roster,
  load: z
    .strictObject({
      /** Transactions per second this node submits. */
      rate: z.number().min(0).max(100_000),
      payloadBytes: z.int().min(0).max(65_536),
      /** Seeds of the funded accounts it spends from. */
      accounts: z.array(hex32).min(1).max(4_096),
    })
    .optional(),
})
export type NodeConfig = z.infer<typeof nodeConfigSchema>
