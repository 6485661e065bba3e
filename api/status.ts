// What the operator says of its objects. Aggregates only: a Testnet's status is below 32 KiB at 5,000 nodes.
import { z } from 'zod'
import { conditions, MAX_CONDITION_MESSAGE_CHARS } from './conditions.ts'
import { actionKinds, MAX_FAULTS } from './experiment.ts'
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

/** In which nothing happens any more. */
export const endPhases = ['Passed', 'Failed', 'Inconclusive', 'Aborted'] as const satisfies readonly Phase[]
export type Phase = (typeof experimentPhases)[number]
export type EndPhase = (typeof endPhases)[number]

/** Of an experiment: it can run here; it is over; it is over and the network healed. */
export const experimentConditions = ['Accepted', 'Complete', 'Passed'] as const

const time = z.iso.datetime().max(64)
const runCount = z.int().min(0)

/**
 * Two write it, each its own fields. The operator: conditions, plan, waitingSince, runs. The runner: faults, healTime,
 * deepestReorg, verdict, fidelity, record, startedAt. Phase, reason and message go together: the operator's until the
 * runner's first word, the runner's then, and the operator's again when no runner is left to say how it ended. So is
 * endedAt.
 */
export const experimentStatusSchema = z.strictObject({
  observedGeneration: z.int().min(0).optional(),
  conditions,
  phase: z.enum(experimentPhases).optional(),
  /** Why it is in that phase, in one word, and for people. */
  reason: z
    .string()
    .max(64)
    .regex(/^[A-Za-z][A-Za-z0-9]*$/, 'expected a word in camel case')
    .optional(),
  message: z.string().max(MAX_CONDITION_MESSAGE_CHARS).optional(),
  /** When the faults began. */
  startedAt: time.optional(),
  endedAt: time.optional(),
  /** Since when it is its turn and it waits for its testnet. */
  waitingSince: time.optional(),
  /** What was decided when its turn came; it does not change any more. */
  plan: z
    .strictObject({
      /** All random choices follow from it. */
      seed: z.string().max(256),
      /** The absolute end: no fault lasts longer, and no runner is started again after it. */
      endsBy: time,
      /** Times are after the start of the injection phase. `targets`: nodes that are hit. */
      faults: z
        .array(
          z.strictObject({
            name: z.string().max(63),
            action: z.enum(actionKinds),
            targets: count,
            at: z.string().max(16),
            until: z.string().max(16),
          }),
        )
        .max(MAX_FAULTS),
    })
    .optional(),
  /** By fault: on how many of its targets it was put and lifted. */
  faults: z
    .array(z.strictObject({ name: z.string().max(63), targets: count, injected: count, recovered: count }))
    .max(MAX_FAULTS)
    .optional(),
  /** From the end of the last fault to one head on all nodes, as `6.7s`. */
  healTime: z.string().max(16).optional(),
  /** Blocks that the deepest reorganisation of a node undid. */
  deepestReorg: z.int().min(0).optional(),
  /** The findings that decided, one line each. */
  verdict: z.array(z.string().max(512)).max(32).optional(),
  /** What the faults were made by. */
  fidelity: z.enum(['kernel', 'userspace']).optional(),
  /** The ConfigMap with the recorded run. */
  record: z.string().max(253).optional(),
  /** Of a schedule or of repeats, in place of a run of its own. */
  runs: z
    .strictObject({
      made: runCount,
      passed: runCount,
      failed: runCount,
      inconclusive: runCount,
      aborted: runCount,
      /** Names of runs that are counted above and still there, the newest first. */
      counted: z.array(z.string().max(63)).max(101),
      /** The last time that was due, and when the next one is. */
      lastTime: time.optional(),
      nextTime: time.optional(),
    })
    .optional(),
})
export type ExperimentStatus = z.infer<typeof experimentStatusSchema>
