// testnet.json: what is known of one local testnet, written by its supervisor and read by every other command.
import { z } from 'zod'
import { LocalError } from './errors.ts'
import { readJson, recordFile, writeFileWhole } from './state-folder.ts'

export const MAX_NODES = 10_000

const process = z.object({
  pid: z.int().positive(),
  /** Boot and start time of the process: a pid alone may have been given to another program meanwhile. */
  identity: z.string(),
})
export type ProcessRef = z.infer<typeof process>

/** waiting: between a crash and its restart. killed: ended on request and left down. failed: given up. */
export const nodeStates = ['stopped', 'starting', 'ready', 'waiting', 'paused', 'killed', 'failed'] as const
export type NodeState = (typeof nodeStates)[number]

const address = z.object({
  host: z.string(),
  p2p: z.int(),
  websocket: z.int().optional(),
  http: z.int(),
  admin: z.int(),
})
export type NodeAddress = z.infer<typeof address>

const node = z.object({
  name: z.string(),
  group: z.string(),
  role: z.string(),
  region: z.string(),
  peerId: z.string(),
  address,
  state: z.enum(nodeStates),
  process: process.nullable(),
  /** Restarts by the supervisor, asked for or after a crash. */
  restarts: z.int(),
  /** Why it is waiting or failed. */
  reason: z.string().optional(),
})
export type NodeRecord = z.infer<typeof node>

const record = z.object({
  version: z.literal(1),
  name: z.string(),
  /** The file it was read from, absolute. */
  file: z.string(),
  /** The Testnet object as parsed. */
  testnet: z.unknown(),
  /** Milliseconds since the epoch. */
  createdAt: z.number(),
  /** When its ttl is over; absent when it has none. */
  endsAt: z.number().optional(),
  genesisTime: z.number(),
  chain: z.object({ blockIntervalMs: z.number(), checkpointInterval: z.number() }),
  /** starting: not all nodes were ready yet. stopped: nothing runs, data was kept. */
  phase: z.enum(['starting', 'running', 'stopping', 'stopped', 'failed']),
  reason: z.string().optional(),
  /** Program and first arguments of a node process. */
  program: z.array(z.string()).min(1),
  supervisor: process.nullable(),
  nodes: z.array(node).max(MAX_NODES),
})
export type TestnetRecord = z.infer<typeof record>

/** The record of a folder, undefined when it has none. Throws LocalError when it is not one. */
export function readRecord(folder: string): TestnetRecord | undefined {
  const value = readJson(recordFile(folder))
  if (value === undefined) return undefined
  const parsed = record.safeParse(value)
  if (parsed.success) return parsed.data
  throw new LocalError(
    'unreadable-state',
    `${recordFile(folder)} is not a record of this version of trellis: ${z.prettifyError(parsed.error)}`,
    `remove ${folder} if nothing of that testnet is needed`,
  )
}

/** Throws LocalError (disk full, no permission). */
export function writeRecord(folder: string, value: TestnetRecord): void {
  writeFileWhole(recordFile(folder), `${JSON.stringify(value, null, 2)}\n`)
}
