// The conditions of a Testnet. Each is judged by a small function; what is true already is given up only when two rounds
// say so. Messages of what holds count nothing: a network that goes on gives no reason to write its status.
import { type Condition, MAX_CONDITION_MESSAGE_CHARS, type TestnetCondition } from '../../../api/conditions.ts'
import {
  answering,
  connected,
  type Finding,
  finalityLag,
  finalizing,
  growing,
  oneChain,
} from '../../testnet/convergence.ts'
import { type NewCondition, setCondition } from '../runtime/conditions.ts'
import type { Answers } from './answers.ts'
import type { Cause } from './causes.ts'
import type { Progress } from './rollout.ts'

export interface Verdict {
  readonly status: Condition['status']
  readonly reason: string
  readonly message: string
}

export interface Provision {
  readonly suspended: boolean
  /** Groups whose data does not outlive their pods. */
  readonly forgetful: readonly string[]
  /** What keeps objects from being applied at all. */
  readonly blocked: Pick<Verdict, 'reason' | 'message'> | undefined
  readonly causes: readonly Cause[]
  readonly rollout: Progress | undefined
  readonly desired: number
  readonly ready: number
  /** Names of nodes that are not ready. */
  readonly waiting: readonly string[]
  /** Of nodes that came after the genesis; empty when there are none. */
  readonly remark: string
}

export interface ChainTerms {
  readonly blockIntervalMs: number
  readonly checkpointInterval: number
}

/** A chain that grew is called still after so long without a new head: a lottery has long waits. 20 means are 1 in 5e8. */
const STILL_BLOCKS = 20
const STILL_MS = 30_000
/** Finality that kept up may fall behind this much further before it counts as lagging. */
const LAG_SLACK = 4 / 3
const MAX_LISTED = 3

const no = (reason: string, message: string): Verdict => ({ status: 'False', reason, message })
const yes = (reason: string, message: string): Verdict => ({ status: 'True', reason, message })
const ofFinding = ({ holds, code, reason }: Finding): Verdict => (holds ? yes(code, reason) : no(code, reason))

/** Whether everything is applied, of the wanted revision, and ready. */
export function provisioned(of: Provision): Verdict {
  const { suspended, blocked, causes, rollout, desired, ready, waiting, remark } = of
  if (blocked) return no(blocked.reason, blocked.message)
  const [cause, ...others] = causes
  const trouble = cause && told(cause, others, desired)
  if (suspended)
    return cause?.reason === 'AdmissionRefused' || cause?.reason === 'QuotaExceeded'
      ? no(cause.reason, trouble ?? '')
      : no('Suspended', suspension(of))
  if (rollout) {
    const progress = `${rollout.updated} of ${rollout.total} nodes have the new revision`
    if (!rollout.waitsFor) return no('RollingOut', progress)
    if (trouble || rollout.overdue)
      return no(
        'RolloutPaused',
        `${progress}; waits for ${rollout.waitsFor}${trouble ? `. ${cause.reason}: ${trouble}` : `. ${PAUSE_MEND}`}`,
      )
    return no('RollingOut', `${progress}; waits for ${rollout.waitsFor}`)
  }
  if (cause) return no(cause.reason, trouble ?? '')
  if (ready < desired) return no('Starting', `${ready} of ${desired} nodes are ready, waiting for ${some(waiting)}`)
  return yes('AllReady', `${desired} nodes are ready${remark && `; ${remark}`}`)
}

const PAUSE_MEND = 'It goes on by itself; to roll out without waiting, suspend the testnet and resume it'

function told({ message, pods }: Cause, others: readonly Cause[], desired: number): string {
  const also = others.map(({ reason, pods }) => (pods > 0 ? `${reason} (${pods})` : reason)).join(', ')
  return `${pods > 0 ? `${pods} of ${desired} pods, ` : ''}${message}${also && `. Also: ${also}`}`
}

function suspension({ forgetful }: Provision): string {
  const lost = forgetful.length === 0 ? '' : `; without storage, what was of ${some(forgetful)} begins anew`
  return `no node runs, and stored data is kept${lost}`
}

/** Every node answers and has peers. */
export function connection({ present, silent }: Answers): Verdict {
  const all = answering(present.length + silent.length, silent)
  if (!all.holds) return ofFinding(all)
  return ofFinding(connected(present))
}

/** All nodes follow one chain, and it grows. */
export function convergence(
  linked: Verdict,
  { latest, earlier, maxLag, headAgeMs }: Answers,
  { blockIntervalMs }: ChainTerms,
  wasTrue: boolean,
): Verdict {
  const holds = yes('OneHead', 'all nodes follow one chain, and it grows')
  if (linked.status !== 'True') return no(linked.reason, linked.message)
  const agreed = oneChain(latest, maxLag)
  if (!agreed.holds) {
    const agreedBefore = earlier.length === 0 || oneChain(earlier, maxLag).holds
    return wasTrue && agreedBefore ? holds : ofFinding(agreed)
  }
  const grown = growing(latest, earlier)
  if (grown.holds) return holds
  return wasTrue && headAgeMs < Math.max(STILL_MS, STILL_BLOCKS * blockIntervalMs) ? holds : ofFinding(grown)
}

/** Finality keeps up with the chain. */
export function finality({ latest }: Answers, { checkpointInterval }: ChainTerms, wasTrue: boolean): Verdict {
  if (latest.length === 0) return no('NodesSilent', 'no node answers')
  const allowed = finalityLag(checkpointInterval) * (wasTrue ? LAG_SLACK : 1)
  const found = finalizing(latest, allowed)
  return found.holds ? yes(found.code, 'finality keeps up with the chain') : ofFinding(found)
}

/** The first thing that is missing. */
export function summary(parts: readonly (Verdict & { readonly type: TestnetCondition })[]): Verdict {
  const missing = parts.find(({ status }) => status !== 'True')
  return missing
    ? { status: missing.status, reason: missing.reason, message: missing.message }
    : yes('Healthy', 'all nodes are ready, on one chain that grows and is finalized')
}

export interface ConditionInput {
  readonly provision: Provision
  readonly answers: Answers
  readonly terms: ChainTerms
  readonly previous: readonly Condition[]
  readonly generation: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** All of them, in the order in which a network comes up. */
export function testnetConditions(input: ConditionInput): Condition[] {
  const { provision, answers, terms, previous, generation, now } = input
  const before = (type: TestnetCondition) => previous.find(condition => condition.type === type)
  const wasTrue = (type: TestnetCondition) => before(type)?.status === 'True'
  const observed = (type: TestnetCondition, judge: () => Verdict): Verdict => {
    if (provision.suspended) return no('Suspended', 'no node runs')
    if (answers.asked) return judge()
    const { status, reason, message } = before(type) ?? {}
    if (status && reason && reason !== 'Suspended') return { status, reason, message: message ?? '' }
    return { status: 'Unknown', reason: 'NotAsked', message: 'no node was asked yet' }
  }
  const linked = observed('Connected', () => connection(answers))
  const parts = [
    { type: 'Provisioned', ...provisioned(provision) },
    { type: 'Connected', ...linked },
    {
      type: 'Converged',
      ...observed('Converged', () => convergence(linked, answers, terms, wasTrue('Converged'))),
    },
    { type: 'Finalizing', ...observed('Finalizing', () => finality(answers, terms, wasTrue('Finalizing'))) },
  ] as const
  return withConditions(previous, [...parts, { type: 'Ready', ...summary(parts) }], generation, now)
}

/** The conditions with those verdicts; times move only where a status does. */
export function withConditions(
  previous: readonly Condition[],
  verdicts: readonly (Verdict & { readonly type: TestnetCondition })[],
  observedGeneration: number,
  now: number,
): Condition[] {
  const known = previous as Parameters<typeof setCondition>[0]
  return verdicts.flatMap(({ type, status, reason, message }) => {
    const next: NewCondition = {
      type,
      status,
      reason,
      message: message.slice(0, MAX_CONDITION_MESSAGE_CHARS).toWellFormed(),
      observedGeneration,
    }
    return setCondition(
      known.filter(condition => condition.type === type),
      next,
      new Date(now),
    )
  })
}

function some(names: readonly string[]): string {
  const rest = names.length - MAX_LISTED
  return `${names.slice(0, MAX_LISTED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
