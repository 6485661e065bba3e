// The Testnet kind: one file that says what network to run.
// The schema keeps units as text and layers as written; operator/testnet turns a checked document into nodes.
import { z } from 'zod'
import { apiVersion, leadingName, metadata, objectName } from './metadata.ts'
import { places } from './places.ts'
import { image, podSettings } from './pod-settings.ts'
import { discovery, gossipsub, limits, nodeNetwork, nodeSettings } from './settings.ts'
import { bytes, duration, fraction } from './units.ts'

export const MAX_GROUPS = 64
export const MAX_NODES = 5_000
export const MAX_REGIONS = 64
/** Both ends of a static peering list each other, and a node's configuration lists at most this many. */
export const MAX_STATIC_PEERS = 64
/** Accounts in genesis, the testnet's own included. */
export const MAX_GENESIS_ACCOUNTS = 65_536
/** Validators in genesis. */
export const MAX_VALIDATORS = 4_096
/** Accounts funded for chaos experiments, which send canary transactions from them. */
export const CANARY_ACCOUNTS = 64

/** With the group's name and a dash it still leaves room in a DNS label for an index and a revision. */
const testnetName = leadingName(30, 'quickstart')
const groupName = objectName(20, 'miners')
const regionName = objectName(63, 'frankfurt')

export const roles = ['bootstrap', 'miner', 'full', 'load'] as const
export type Role = (typeof roles)[number]

const amount = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

const chain = z.strictObject({
  /** Mean time between blocks. */
  blockInterval: duration({ min: '50ms', max: '1h' }).default('1s'),
  finality: z
    .strictObject({
      /** Blocks between checkpoints. */
      checkpointInterval: z.int().min(1).max(1_024).default(8),
      /** Share of the weight that justifies a checkpoint. */
      quorum: fraction().default('2/3'),
    })
    .prefault({}),
  genesis: z
    .strictObject({
      /** A fixed day unless told: the same file gives the same genesis whenever it runs. */
      time: z.iso
        .datetime()
        .max(32)
        .meta({ title: 'a time', examples: ['2026-01-01T00:00:00Z'] })
        .default('2026-01-01T00:00:00Z'),
      /** What each account of the load nodes and each canary account owns. */
      balance: amount.default(1_000_000_000),
      /** Further accounts; an address is an ed25519 public key. */
      accounts: z
        .array(
          z.strictObject({
            address: z
              .string()
              .max(64)
              .regex(/^[0-9a-f]{64}$/, 'expected 64 lowercase hex digits')
              .meta({ title: 'an address' }),
            balance: amount,
          }),
        )
        .max(4_096)
        .default([]),
    })
    .prefault({}),
  maxBlockBytes: bytes({ min: '1KiB', max: '4MiB' }).default('1MiB'),
})

const region = z.strictObject({
  name: regionName,
  /** A known place; the region's own name when that is one. */
  place: z.enum([...places.keys()] as [string, ...string[]]).optional(),
  latitude: z.number().min(-90).max(90).optional(),
  longitude: z.number().min(-180).max(180).optional(),
})

const latency = z.strictObject({
  from: z.string().min(1).max(63),
  to: z.string().min(1).max(63),
  /** One way. Holds for the way back too, unless an entry gives that. `from` may equal `to`. */
  delay: duration({ max: '10s' }),
  /** Standard deviation. */
  jitter: duration({ max: '10s' }).default('0ms'),
})

export const topologies = ['discovered', 'full', 'ring', 'star', 'random'] as const

const network = z.strictObject({
  stack: z.enum(['gossipsub']).default('gossipsub'),
  topology: z
    .strictObject({
      /** `discovered`: nodes find each other. The others are static peerings, and nodes look for nobody else unless `discovery` says so. */
      shape: z.enum(topologies).default('discovered'),
      /** Peerings of a node at least, for shape `random`. */
      degree: z
        .int()
        .min(2)
        .max(MAX_STATIC_PEERS / 2)
        .optional(),
    })
    .prefault({}),
  regions: z.array(region).max(MAX_REGIONS).default([]),
  /** Overrides the latency that follows from where the regions are. */
  latency: z
    .array(latency)
    .max(MAX_REGIONS * MAX_REGIONS)
    .default([]),
  discovery: discovery.optional(),
  limits: limits.optional(),
  gossipsub: gossipsub.optional(),
})

const override = z.strictObject({
  /** Which node of the group, from 0. */
  index: z
    .int()
    .min(0)
    .max(MAX_NODES - 1),
  ...nodeSettings,
  network: nodeNetwork.optional(),
})

const group = z.strictObject({
  name: groupName,
  role: z.enum(roles),
  count: z.int().min(1).max(MAX_NODES).default(1),
  image: image.optional(),
  ...nodeSettings,
  ...podSettings,
  network: nodeNetwork.optional(),
  overrides: z.array(override).max(1_024).default([]),
})

const load = z.strictObject({
  /** Transactions per second of the whole testnet; the load nodes share it evenly. */
  rate: z.number().min(0).max(100_000).default(10),
  payload: bytes({ max: '64KiB' }).default('128B'),
  /** Accounts each load node sends from. */
  accounts: z.int().min(1).max(4_096).default(32),
})
export const builtInLoad = load.parse({})

export const testnetSpecSchema = z.strictObject({
  /** Identities, genesis, topology and every random choice derive from it; the testnet's name when absent. */
  seed: z
    .union([z.int(), z.string().min(1).max(128)], { error: 'expected a text or a whole number' })
    .meta({ title: 'a seed', examples: ['spring', '42'] })
    .optional(),
  image: image.optional(),
  chain: chain.prefault({}),
  network: network.prefault({}),
  defaults: z.strictObject({ ...nodeSettings, ...podSettings }).prefault({}),
  groups: z.array(group).min(1).max(MAX_GROUPS),
  load: load.optional(),
  chaos: z
    .strictObject({
      kernel: z
        .boolean()
        .meta({
          description:
            'Faults on links are made by rules of the kernel, so that a net agent with the capability NET_ADMIN stands beside every node. Its namespace needs the label `pod-security.kubernetes.io/enforce: privileged`. On Kubernetes only.',
        })
        .default(false),
    })
    .optional(),
  suspend: z
    .boolean()
    .meta({
      description:
        'No node runs and stored data is kept; `false` goes on with the same chain. On this machine `trellis down --keep-data` does that, and `trellis up` refuses `true`.',
    })
    .default(false),
  ttl: duration({ min: '1s', max: '8760h' })
    .meta({
      description:
        'The testnet and its data are removed this long after it was made; on this machine, after `trellis up`.',
    })
    .optional(),
})

export const testnetSchema = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('Testnet'),
  metadata: metadata(testnetName),
  spec: testnetSpecSchema,
})
export type Testnet = z.infer<typeof testnetSchema>
export type TestnetGroup = Testnet['spec']['groups'][number]
export type TestnetNetwork = Testnet['spec']['network']
