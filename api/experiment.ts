// The ChaosExperiment kind: which faults a testnet gets, when, and what must be true afterwards.
// The schema keeps units as text; `resolveExperiment` turns a checked document into values.
import { z } from 'zod'
import { problemOf } from './cron.ts'
import type { Fault as InputFault, Path } from './errors.ts'
import type { Kind } from './parse.ts'
import { bytesPerSecond, duration, milliseconds, percent, percentage, rate } from './units.ts'

export const MAX_FAULTS = 64
const MAX_NAMES = 1_024
const MAX_GROUP_LISTS = 16
/** Nodes refuse link rows that end further away than this, so no fault may. */
export const MAX_FAULT_MS = 24 * 3_600_000

/** The Job of a run, its pods and its ConfigMaps are named after it; what a schedule makes has a number added. */
export const MAX_EXPERIMENT_NAME = 50
export const MAX_SERIES_NAME = 44
const MAX_RUNS = 1_000

const name = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'expected lowercase letters, digits and dashes')
  .meta({ examples: ['halves'] })
const names = z.array(z.string().min(1).max(253)).min(1).max(MAX_NAMES)

const select = z.strictObject({
  groups: names.optional(),
  roles: names.optional(),
  regions: names.optional(),
  names: names.optional(),
  /** Of the nodes that match, a seeded sample: a share rounded up, or a number. */
  percent: percent({ min: '0.1%' }).optional(),
  count: z.int().min(1).max(10_000).optional(),
})

export const shapes = [
  'halves',
  'random-halves',
  'isolate',
  'minority-third',
  'bridge',
  'majorities-ring',
  'groups',
] as const
export type Shape = (typeof shapes)[number]
export const finalities = ['advances', 'stalls'] as const
export const directions = ['both', 'in', 'out'] as const
export type Direction = (typeof directions)[number]

/** Targets are hit one after the other, this far apart; each has the fault for the whole duration. */
const stagger = duration({ max: '1h' }).default('0s')
const processAction = z.strictObject({ stagger })
const skew = duration({ min: '100ms', max: '1h' })
const actions = {
  partition: z.strictObject({
    shape: z.enum(shapes),
    /** Seen from the first side: `in` drops what it would receive, `out` what it sends. */
    direction: z.enum(directions).default('both'),
    /** Sides of shape `groups`: each a list of group names. */
    groups: z.array(names).min(2).max(MAX_GROUP_LISTS).optional(),
  }),
  latency: z.strictObject({
    delay: duration({ min: '1ms', max: '60s' }),
    jitter: duration({ min: '0ms', max: '60s' }).default('0ms'),
    correlation: percent().default('0%'),
    /** Share of the packets that do not wait and so overtake others. By the kernel only. */
    reordering: percent({ max: '50%' }).default('0%'),
  }),
  bandwidth: z.strictObject({ rate: rate({ min: '8bit/s' }) }),
  loss: z.strictObject({ percent: percent({ min: '0.01%' }) }),
  /** The process ends at once and is started again at the end of the fault. */
  kill: processAction.extend({
    /** `pod` deletes the node's pod instead: it comes back by itself, on this or another machine. On Kubernetes only. */
    how: z.enum(['process', 'pod']).default('process'),
  }),
  /** The process stands still, and goes on at the end of the fault. */
  pause: processAction,
  /** The process ends in order and is started again at once. */
  restart: processAction,
  /** The node's clock is wrong by this much; its chain goes by it, its records and the ends of its faults do not. */
  clock: z.strictObject({ ahead: skew.optional(), behind: skew.optional() }),
}
export type ActionKind = keyof typeof actions
export const actionKinds = Object.keys(actions) as [ActionKind, ...ActionKind[]]

const fault = z.strictObject({
  name,
  /** After the start of the injection phase. */
  at: duration({ max: '24h' }).default('0s'),
  duration: duration({ min: '100ms', max: '24h' }),
  select: select.optional(),
  partition: actions.partition.optional(),
  latency: actions.latency.optional(),
  bandwidth: actions.bandwidth.optional(),
  loss: actions.loss.optional(),
  kill: actions.kill.optional(),
  pause: actions.pause.optional(),
  restart: actions.restart.optional(),
  clock: actions.clock.optional(),
})

const limit = z.int().min(0).max(1_000_000)

export const experimentSpecSchema = z.strictObject({
  /** Name of the testnet this runs on. */
  testnet: name,
  /** Every random choice derives from it; the experiment's name when absent. */
  seed: z.string().min(1).max(128).optional(),
  /** All faults must end within this; when absent the last fault's end is the bound. */
  duration: duration({ min: '100ms', max: '24h' }).optional(),
  steadyState: z
    .strictObject({
      within: duration({ min: '1s', max: '1h' }).default('60s'),
      /** Samples in a row that must agree, at an advancing height. */
      samples: z.int().min(2).max(100).default(6),
      /** Wait for a checkpoint to be finalized too. */
      finalizing: z.boolean().default(true),
    })
    .prefault({}),
  faults: z.array(fault).min(1).max(MAX_FAULTS),
  during: z
    .strictObject({
      /** Of checkpoints while faults last: `advances`, some are finalized; `stalls`, none. */
      finality: z.enum(finalities).optional(),
    })
    .prefault({}),
  heal: z
    .strictObject({
      /** From the end of the last fault to one head on all nodes. */
      within: duration({ min: '1s', max: '2h' }).default('30s'),
      /** Samples in a row with one head before the network counts as healed. */
      samples: z.int().min(2).max(100).default(4),
      maxReorgDepth: limit.optional(),
      lostTransactions: limit.optional(),
      lostBlocks: limit.default(0),
      /** How long the healed network is watched for its block delay and throughput; ten block intervals when absent. */
      observe: duration({ min: '1s', max: '1h' }).optional(),
    })
    .prefault({}),
  injector: z.enum(['auto', 'kernel', 'userspace']).default('auto'),
  /** What becomes of it while another experiment runs on the testnet. */
  whenBusy: z.enum(['refuse', 'queue']).default('refuse'),
  /** Runs it again and again, each time as an experiment of its own with a seed of its own. On Kubernetes only. */
  schedule: z
    .strictObject({
      /** Minute, hour, day of month, month, day of week. */
      cron: z
        .string()
        .min(9)
        .max(128)
        .meta({ title: 'a cron expression', examples: ['30 3 * * *'] }),
      timeZone: z
        .string()
        .min(1)
        .max(64)
        .default('UTC')
        .meta({ examples: ['Europe/Berlin'] }),
    })
    .optional(),
  /** So many runs, one after the other; with a schedule, after so many it ends. On Kubernetes only. */
  repeat: z.int().min(1).max(MAX_RUNS).optional(),
  /** Ended runs of a schedule or of repeats that are kept. */
  keep: z.int().min(1).max(100).default(10),
  /** Heals at once and ends the run; it cannot be taken back. */
  abort: z.boolean().default(false),
})

export const experimentSchema = z.strictObject({
  apiVersion: z.literal('trellis.dev/v1alpha1'),
  kind: z.literal('ChaosExperiment'),
  metadata: z.strictObject({
    name: name.max(MAX_EXPERIMENT_NAME),
    labels: z.record(z.string().max(63), z.string().max(63)).optional(),
    annotations: z.record(z.string().max(253), z.string().max(4_096)).optional(),
  }),
  spec: experimentSpecSchema,
})
export type ChaosExperiment = z.infer<typeof experimentSchema>
type FaultSpec = z.infer<typeof fault>

export interface Select {
  readonly groups?: readonly string[] | undefined
  readonly roles?: readonly string[] | undefined
  readonly regions?: readonly string[] | undefined
  readonly names?: readonly string[] | undefined
  /** 0..1 */
  readonly share?: number | undefined
  readonly count?: number | undefined
}

export interface PartitionAction {
  readonly kind: 'partition'
  readonly shape: Shape
  readonly direction: Direction
  readonly groups?: readonly (readonly string[])[] | undefined
}
export const lifecycleKinds = ['kill', 'pause', 'restart'] as const
export type LifecycleKind = (typeof lifecycleKinds)[number]
export type FaultAction =
  | PartitionAction
  | {
      readonly kind: 'latency'
      readonly delayMs: number
      readonly jitterMs: number
      readonly correlation: number
      /** 0..1; absent when none. */
      readonly reordering?: number
    }
  /** Bytes per second. */
  | { readonly kind: 'bandwidth'; readonly rate: number }
  /** 0..1 */
  | { readonly kind: 'loss'; readonly loss: number }
  /** One target after the other, so many milliseconds apart; all at once when absent. `how`: of kills, absent for the process. */
  | { readonly kind: LifecycleKind; readonly staggerMs?: number | undefined; readonly how?: 'pod' | undefined }
  /** Milliseconds the clock runs ahead; behind when negative. */
  | { readonly kind: 'clock'; readonly offsetMs: number }

export interface ExperimentFault {
  readonly name: string
  readonly atMs: number
  readonly durationMs: number
  readonly select: Select
  readonly action: FaultAction
}

/** An experiment as values: what the runner executes and the verdict judges by. Plain JSON. */
export interface Experiment {
  readonly name: string
  readonly testnet: string
  readonly seed: string
  readonly steadyState: { readonly withinMs: number; readonly samples: number; readonly finalizing: boolean }
  readonly faults: readonly ExperimentFault[]
  readonly during?: { readonly finality?: (typeof finalities)[number] | undefined } | undefined
  readonly heal: {
    readonly withinMs: number
    readonly samples: number
    readonly maxReorgDepth?: number | undefined
    readonly lostTransactions?: number | undefined
    readonly lostBlocks: number
    readonly observeMs?: number | undefined
  }
  readonly injector: 'auto' | 'kernel' | 'userspace'
}

/** The values of a document that parsed and passed `checkExperiment`. */
export function resolveExperiment({ metadata, spec }: ChaosExperiment): Experiment {
  const { steadyState, heal } = spec
  return {
    name: metadata.name,
    testnet: spec.testnet,
    seed: spec.seed ?? metadata.name,
    steadyState: {
      withinMs: milliseconds(steadyState.within),
      samples: steadyState.samples,
      finalizing: steadyState.finalizing,
    },
    faults: spec.faults.map(resolveFault),
    ...(spec.during.finality !== undefined && { during: { finality: spec.during.finality } }),
    heal: {
      withinMs: milliseconds(heal.within),
      samples: heal.samples,
      lostBlocks: heal.lostBlocks,
      ...(heal.maxReorgDepth !== undefined && { maxReorgDepth: heal.maxReorgDepth }),
      ...(heal.lostTransactions !== undefined && { lostTransactions: heal.lostTransactions }),
      ...(heal.observe !== undefined && { observeMs: milliseconds(heal.observe) }),
    },
    injector: spec.injector,
  }
}

function resolveFault(spec: FaultSpec): ExperimentFault {
  const { percent: share, ...criteria } = spec.select ?? {}
  return {
    name: spec.name,
    atMs: milliseconds(spec.at),
    durationMs: milliseconds(spec.duration),
    select: { ...criteria, ...(share !== undefined && { share: percentage(share) }) },
    action: resolveAction(spec),
  }
}

function resolveAction(spec: FaultSpec): FaultAction {
  const { partition, latency, bandwidth, loss, clock } = spec
  if (partition) return { kind: 'partition', ...partition }
  if (latency) {
    const reordering = percentage(latency.reordering)
    return {
      kind: 'latency',
      delayMs: milliseconds(latency.delay),
      jitterMs: milliseconds(latency.jitter),
      correlation: percentage(latency.correlation),
      ...(reordering > 0 && { reordering }),
    }
  }
  if (bandwidth) return { kind: 'bandwidth', rate: bytesPerSecond(bandwidth.rate) }
  if (loss) return { kind: 'loss', loss: percentage(loss.percent) }
  if (clock)
    return { kind: 'clock', offsetMs: clock.ahead ? milliseconds(clock.ahead) : -milliseconds(clock.behind ?? '0s') }
  const kind = lifecycleKinds.find(name => spec[name] !== undefined) ?? 'restart'
  const staggerMs = milliseconds(spec[kind]?.stagger ?? '0s')
  return { kind, ...(staggerMs > 0 && { staggerMs }), ...(spec.kill?.how === 'pod' && { how: 'pod' }) }
}

/** Shapes whose grudges do not follow from two sides: a direction says nothing there. */
const undirected: readonly Shape[] = ['bridge', 'majorities-ring']

/** Rules between fields that a schema cannot say. Rules about the testnet's nodes are in chaos/check.ts. */
export function checkExperiment({ metadata, spec }: ChaosExperiment): InputFault[] {
  const faults: InputFault[] = checkSeries(metadata.name, spec)
  const bound = spec.duration === undefined ? MAX_FAULT_MS : milliseconds(spec.duration)
  const seen = new Map<string, number>()
  for (const [index, item] of spec.faults.entries()) {
    const path: Path = ['spec', 'faults', index]
    const first = seen.get(item.name)
    if (first !== undefined)
      faults.push({
        path: [...path, 'name'],
        message: `\`${item.name}\` is the name of spec.faults[${first}] too`,
        mend: 'give each fault its own name',
      })
    else seen.set(item.name, index)
    faults.push(...checkAction(item, path))
    const end = milliseconds(item.at) + milliseconds(item.duration)
    if (end > bound) {
      const run = spec.duration ?? '24h'
      faults.push({
        path: [...path, 'duration'],
        message: `the fault ends ${seconds(end)} after the start, but the run allows ${run}`,
        mend: `end it within ${run}${spec.duration === undefined ? '' : ' or raise spec.duration'}`,
      })
    }
    if (item.select?.count !== undefined && item.select.percent !== undefined) {
      faults.push({
        path: [...path, 'select', 'percent'],
        message: 'stands beside `count`',
        mend: 'keep one of the two',
      })
    }
  }
  return faults
}

/** True when it only makes runs and is none itself. */
export const isSeries = ({ spec }: Pick<ChaosExperiment, 'spec'>): boolean =>
  spec.schedule !== undefined || spec.repeat !== undefined

function checkSeries(name: string, spec: ChaosExperiment['spec']): InputFault[] {
  const faults: InputFault[] = []
  if (isSeries({ spec }) && name.length > MAX_SERIES_NAME)
    faults.push({
      path: ['metadata', 'name'],
      message: `has ${name.length} characters, and the names of its runs are longer`,
      mend: `choose one of at most ${MAX_SERIES_NAME}`,
    })
  if (!spec.schedule) return faults
  const { cron, timeZone } = spec.schedule
  const problem = problemOf(cron, timeZone)
  if (problem?.of === 'zone')
    faults.push({
      path: ['spec', 'schedule', 'timeZone'],
      message: `\`${timeZone}\` is no time zone known here`,
      mend: 'write one of the IANA database, as `UTC` or `Europe/Berlin`',
    })
  if (problem?.of === 'cron')
    faults.push({
      path: ['spec', 'schedule', 'cron'],
      message: `\`${cron}\` is no cron expression: ${problem.message}`,
      mend: 'write minute, hour, day of month, month and day of week, as `30 3 * * *`',
    })
  return faults
}

function checkAction(item: FaultSpec, path: Path): InputFault[] {
  const given = actionKinds.filter(kind => item[kind] !== undefined)
  if (given.length === 0)
    return [{ path, message: `says not what \`${item.name}\` does`, mend: `add one of ${actionKinds.join(', ')}` }]
  if (given.length > 1)
    return [
      {
        path: [...path, given[1]!],
        atKey: true,
        message: `stands beside \`${given[0]}\`: a fault does one thing`,
        mend: 'make it a fault of its own; faults may overlap',
      },
    ]
  const { partition, clock } = item
  if (clock && (clock.ahead === undefined) === (clock.behind === undefined)) {
    return [
      {
        path: [...path, 'clock'],
        message: clock.ahead ? 'a clock cannot be ahead and behind' : 'says not how wrong the clock is',
        mend: 'write either `ahead: 1s` or `behind: 1s`',
      },
    ]
  }
  return partition ? checkPartition(item, partition, path) : []
}

function checkPartition(item: FaultSpec, partition: NonNullable<FaultSpec['partition']>, path: Path): InputFault[] {
  const faults: InputFault[] = []
  const at: Path = [...path, 'partition']
  const { shape, direction, groups } = partition
  if (shape === 'groups' && !groups)
    faults.push({
      path: at,
      message: 'shape `groups` needs its sides',
      mend: 'add `groups: [[a], [b]]` with names of groups',
    })
  if (shape !== 'groups' && groups)
    faults.push({
      path: [...at, 'groups'],
      atKey: true,
      message: `does not apply to shape \`${shape}\``,
      mend: 'remove it or write `shape: groups`',
    })
  if (shape === 'groups' && item.select)
    faults.push({
      path: [...path, 'select'],
      atKey: true,
      message: 'does not apply to shape `groups`, which lists its sides itself',
      mend: 'remove it',
    })
  if (direction !== 'both' && (undirected.includes(shape) || (groups?.length ?? 2) > 2)) {
    faults.push({
      path: [...at, 'direction'],
      message: `\`${direction}\` needs exactly two sides`,
      mend: 'write `both`',
    })
  }
  const sideOf = new Map<string, number>()
  for (const [side, list] of (groups ?? []).entries()) {
    for (const [position, group] of list.entries()) {
      const other = sideOf.get(group)
      if (other === undefined) sideOf.set(group, side)
      else
        faults.push({
          path: [...at, 'groups', side, position],
          message: `group \`${group}\` is on side ${other + 1} already`,
          mend: 'a node can be on one side only: remove one of the two',
        })
    }
  }
  return faults
}

const seconds = (ms: number): string => `${ms / 1_000}s`

export const experimentKind: Kind<ChaosExperiment> = {
  kind: 'ChaosExperiment',
  schema: experimentSchema,
  check: checkExperiment,
}
