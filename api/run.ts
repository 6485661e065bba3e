// The recorded run: everything the verdict needs, as one JSON file that can be judged again later.
import { z } from 'zod'
import { actionKinds, type Experiment, finalities } from './experiment.ts'
import type { NodeEvent } from './observation.ts'

export const RUN_VERSION = 1
export const MAX_RUN_NODES = 1_000
export const MAX_SAMPLES = 200_000
export const MAX_EVENTS = 500_000
export const MAX_CANARIES = 256
export const MAX_RUN_BYTES = 512 * 1_024 * 1_024
const MAX_NOTES = 1_000
const MAX_LINKS = 20_000
/** Length of NodeStatus.recent. */
const MAX_RECENT = 64

const millis = z.number().min(0)
const height = z.int().min(0)
const text = z.string().max(4_096)
const node = z.string().max(253)
const hash = z.string().max(128)
const ref = z.object({ hash, height })

const runNodeSchema = z.object({
  name: node,
  group: text,
  role: text,
  region: text,
  /** Weight in the lottery and in votes; 0 for nodes that are no validators. */
  weight: z.number().min(0),
  peerId: text,
  host: text,
  /** Public key of the validator, hex: what blocks name as their producer. */
  validator: text.optional(),
})

const testnetFactsSchema = z.object({
  name: node,
  seed: text,
  blockIntervalMs: z.number().positive(),
  checkpointInterval: z.int().min(1),
  quorum: z.object({ numerator: z.int().min(1), denominator: z.int().min(1) }),
  nodes: z.array(runNodeSchema).min(1).max(MAX_RUN_NODES),
})

export const digestSchema = z.object({
  pid: z.int(),
  startedAt: millis,
  head: ref,
  finalized: ref,
  /** Hashes of the main chain, head first; absent when the head is that of the node's sample before. */
  recent: z.array(hash).max(MAX_RECENT).optional(),
  peers: z.int().min(0),
  mesh: z.record(z.string().max(253), z.int().min(0)),
  pool: z.int().min(0),
  reorgs: z.object({ count: z.int().min(0), deepest: z.int().min(0) }),
  /** The node's clock when it answered; absent in records of old. */
  clock: millis.optional(),
})

const sampleSchema = z.object({
  /** Samples of one round were asked for at one moment. */
  round: z.int().min(0),
  /** The runner's clock when the answer came, or when waiting for it ended. */
  at: millis,
  node,
  /** null: no answer. */
  status: digestSchema.nullable(),
})

const linkCountersSchema = z.object({
  peer: text,
  direction: z.enum(['in', 'out']),
  heldBytes: z.number().min(0),
  delayedBytes: z.number().min(0),
  leakedBytes: z.number().min(0),
  lostPackets: z.number().min(0).optional(),
})

const windowSchema = z.object({
  fault: text,
  plannedStart: millis,
  plannedEnd: millis,
  /** When the last target was injected, of a staggered fault the first; null when one could not be. */
  injectedAt: millis.nullable(),
  /** When lifting it began: until then it was in force everywhere; null when it was never injected. */
  liftedAt: millis.nullable(),
  /** When the fault was gone from the last target; null when it was never injected. */
  endedAt: millis.nullable(),
  targets: z.array(node).max(MAX_RUN_NODES),
  /** Of a partition: nodes that can still reach each other, for people. The judge derives the links itself. */
  sides: z.array(z.array(node).max(MAX_RUN_NODES)).max(MAX_RUN_NODES),
  failures: z.array(z.object({ node, message: text })).max(MAX_RUN_NODES),
  /** Of faults that act on processes: when each target was hit, and when it was let go; null while it was not. */
  hits: z
    .array(z.object({ node, at: millis, until: millis.nullable() }))
    .max(MAX_RUN_NODES)
    .optional(),
  /** Of the nodes that held link rows, at the end of the window; links without any bytes left out. */
  counters: z.array(z.object({ node, links: z.array(linkCountersSchema).max(MAX_LINKS) })).max(MAX_RUN_NODES),
})

const canarySchema = z.object({
  index: z.int().min(0),
  id: text.nullable(),
  node,
  side: z.int().min(0),
  submittedAt: millis,
  /** Why the node refused it. */
  refused: text.optional(),
  /** Where it was when the last fault ended, told by the node it was given to. */
  duringFault: z.enum(['included', 'pool', 'unknown']),
  /** At the end, over all nodes that answered; `unknown` when none did. */
  fate: z.enum(['included', 'pool', 'lost', 'doubled', 'refused', 'unknown']),
  blocks: z.array(ref).max(16),
})

const phaseNames = ['preflight', 'steady-state', 'inject', 'heal', 'observe', 'done'] as const
export type PhaseName = (typeof phaseNames)[number]

/** True when the value has the fields the judge reads of its kind. */
export function isNodeEvent(value: unknown): value is NodeEvent {
  if (typeof value !== 'object' || value === null) return false
  const { at, kind } = value as Record<string, unknown>
  return typeof at === 'number' && typeof kind === 'string' && kindIsComplete(kind, value as Record<string, unknown>)
}
const eventSchema = z.custom<NodeEvent>(isNodeEvent, { error: 'is not an event of a node' })

/** Fields the judge reads, by kind of event; events of other kinds are kept and not read. */
const eventFields: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  head: { hash: 'string', height: 'number' },
  block: { hash: 'string', parent: 'string', height: 'number', producer: 'string', delayMs: 'number', from: 'string' },
  reorg: { depth: 'number', returned: 'number', dropped: 'number' },
  finalized: { hash: 'string', height: 'number' },
  peer: { change: 'string', peer: 'string', name: 'string' },
  mesh: { topic: 'string', peers: 'object' },
}

const kindIsComplete = (kind: string, value: Record<string, unknown>): boolean =>
  Object.entries(eventFields[kind] ?? {}).every(
    ([field, type]) => typeof value[field] === type && (type !== 'object' || Array.isArray(value[field])),
  )

export const runRecordSchema = z.object({
  version: z.literal(RUN_VERSION),
  experiment: z.custom<Experiment>(isExperiment, { error: 'is not an experiment' }),
  testnet: testnetFactsSchema,
  injector: z.enum(['kernel', 'userspace']),
  phases: z.array(z.object({ phase: z.enum(phaseNames), at: millis })).max(64),
  /** False when the steady state was not reached in time: nothing was injected. */
  steady: z.boolean(),
  /** Why the run ended early. */
  aborted: text.nullable(),
  windows: z.array(windowSchema).max(64),
  samples: z.array(sampleSchema).max(MAX_SAMPLES),
  events: z.array(z.object({ node, event: eventSchema })).max(MAX_EVENTS),
  /** Times in which events of a node may be missing. */
  gaps: z.array(z.object({ node, from: millis, to: millis })).max(MAX_NOTES),
  /** Whether canary transactions could be made at all. */
  canaryAccounts: z.int().min(0),
  canaries: z.array(canarySchema).max(MAX_CANARIES),
  notes: z.array(text).max(MAX_NOTES),
})

/** The experiment is written by us from a checked document; what the judge relies on is checked again. */
function isExperiment(value: unknown): boolean {
  return experimentShape.safeParse(value).success
}
const experimentShape = z.object({
  name: text,
  testnet: text,
  seed: text,
  steadyState: z.object({ withinMs: millis, samples: z.int().min(1), finalizing: z.boolean() }),
  faults: z
    .array(
      z.object({
        name: text,
        atMs: millis,
        durationMs: millis,
        select: z.object({}).loose(),
        action: z.object({ kind: z.enum(actionKinds) }).loose(),
      }),
    )
    .max(64),
  during: z.object({ finality: z.enum(finalities).optional() }).optional(),
  heal: z.object({ withinMs: millis, samples: z.int().min(1), lostBlocks: z.int().min(0) }).loose(),
  injector: text,
})

export type RunNode = z.infer<typeof runNodeSchema>
export type TestnetFacts = z.infer<typeof testnetFactsSchema>
export type StatusDigest = z.infer<typeof digestSchema>
export type Sample = z.infer<typeof sampleSchema>
export type FaultWindow = z.infer<typeof windowSchema>
export type Canary = z.infer<typeof canarySchema>
export type RunRecord = z.infer<typeof runRecordSchema>
export type RecordedEvent = RunRecord['events'][number]

/** The record in the text of a run file. Throws Error with the first problems and their paths. */
export function parseRunRecord(json: string): RunRecord {
  if (json.length > MAX_RUN_BYTES)
    throw new Error(`the run file has ${json.length} characters, more than ${MAX_RUN_BYTES}`)
  let plain: unknown
  try {
    plain = JSON.parse(json)
  } catch (error) {
    throw new Error(`the run file is not JSON: ${(error as Error).message}`)
  }
  const result = runRecordSchema.safeParse(plain)
  if (result.success) return result.data
  const problems = result.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`)
  throw new Error(`the file is not a recorded run of version ${RUN_VERSION}: ${problems.join('; ')}`)
}
