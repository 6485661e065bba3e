// What the operator says of its objects. Aggregates only: a Testnet's status is below 32 KiB at 5,000 nodes.
import { z } from 'zod'
import { conditions } from './conditions.ts'
import { MAX_FAULTS } from './experiment.ts'
import { MAX_GROUPS, MAX_NODES } from './testnet.ts'

/** Head groups listed, the largest first; `headCount` counts all. */
export const MAX_LISTED_HEADS = 16
const height = z.int().min(0)
const count = z.int().min(0).max(MAX_NODES)
const hash = z.string().max(128)

export const testnetStatusSchema = z.strictObject({
  observedGeneration: z.int().min(0).optional(),
  conditions,
  nodes: z
    .strictObject({
      desired: count,
      ready: count,
      /** `ready/desired`, for one column. */
      summary: z.string().max(16),
    })
    .optional(),
  groups: z
    .array(z.strictObject({ name: z.string().max(63), desired: count, ready: count }))
    .max(MAX_GROUPS)
    .optional(),
  /** Of the heads of the nodes that answer. */
  height: z.strictObject({ min: height, max: height }).optional(),
  finalizedHeight: height.optional(),
  /** Nodes by head. Two groups at one moment are a visible partition, or a fork in the making. */
  heads: z
    .array(z.strictObject({ hash, height, members: count }))
    .max(MAX_LISTED_HEADS)
    .optional(),
  headCount: count.optional(),
})
export type TestnetStatus = z.infer<typeof testnetStatusSchema>

export const experimentPhases = [
  'Pending',
  'SteadyState',
  'Injecting',
  'Healing',
  'Passed',
  'Failed',
  'Inconclusive',
  'Aborted',
] as const

export const experimentStatusSchema = z.strictObject({
  observedGeneration: z.int().min(0).optional(),
  conditions,
  phase: z.enum(experimentPhases).optional(),
  startedAt: z.iso.datetime().max(64).optional(),
  endedAt: z.iso.datetime().max(64).optional(),
  /** By fault: on how many of its targets it was put and lifted. */
  faults: z
    .array(z.strictObject({ name: z.string().max(63), targets: count, injected: count, recovered: count }))
    .max(MAX_FAULTS)
    .optional(),
  /** The findings that decided, one line each. */
  verdict: z.array(z.string().max(512)).max(32).optional(),
  /** What the faults were made by. */
  fidelity: z.enum(['kernel', 'userspace']).optional(),
})
export type ExperimentStatus = z.infer<typeof experimentStatusSchema>
