// A testnet of this machine as the metrics of api/metrics/testnet.ts tell it. Pure.
import type { NodeStatus } from '../../api/observation.ts'
import type { Outcome } from '../outside-metrics.ts'
import { phaseOf } from '../run-phase.ts'
import { conditions, finalityLag, isConverged, type Observation } from '../testnet/convergence.ts'
import { headGroups } from '../testnet/head-groups.ts'
import type { SeenExperiment, SeenTestnet } from '../testnet/outside-view.ts'
import type { Claim } from './experiment-claim.ts'
import type { ToldProgress } from './experiment-progress.ts'
import type { TestnetRecord } from './record.ts'

/** What stands for the namespace of a cluster. */
export const LOCAL_NAMESPACE = 'local'

/** `earlier`: what growth is judged against; nothing grows without it. */
export function seenTestnet(
  { name, nodes, chain }: Pick<TestnetRecord, 'name' | 'nodes' | 'chain'>,
  now: Observation,
  earlier: Observation | undefined,
): SeenTestnet {
  const answered = [...now.nodes.values()].flatMap(status => status ?? [])
  const found = conditions(now, earlier, finalityLag(chain.checkpointInterval))
  // As a cluster names them: there Ready is the sum of all.
  const named = found.map(({ name, holds }) => ({ type: name === 'Ready' ? 'Provisioned' : name, holds }))
  return {
    namespace: LOCAL_NAMESPACE,
    testnet: name,
    nodes,
    desired: nodes.length,
    ready: nodes.filter(({ state }) => state === 'ready').length,
    conditions: [...named, { type: 'Ready', holds: isConverged(found) }],
    heads: headGroups(answered),
    heights: answered.map(({ head, finalized }) => ({ head: head.height, finalized: finalized.height })),
  }
}

/** While somebody holds the testnet for it, and it has not told how it ended. */
export function seenExperiment(
  testnet: string,
  running: Pick<Claim, 'experiment' | 'pid'> | undefined,
  told: ToldProgress | undefined,
): SeenExperiment | undefined {
  if (!running) return undefined
  const own = told?.pid === running.pid && told.experiment === running.experiment ? told : undefined
  if (own?.verdict) return undefined
  const phase = own && own.phase in phaseOf ? phaseOf[own.phase as keyof typeof phaseOf] : 'Pending'
  return {
    namespace: LOCAL_NAMESPACE,
    testnet,
    experiment: running.experiment,
    phase,
    faults: (own?.faults ?? []).filter(({ state }) => state === 'active' || state === 'lifting').length,
    endsAt: own?.endsBy ?? undefined,
  }
}

/** Names one run. */
export const runKey = ({ experiment, pid, startedAt }: ToldProgress): string => `${experiment} ${pid} ${startedAt}`

/** What the run came to; undefined while it goes on. One whose process died proved nothing. */
export function outcomeOf(
  testnet: string,
  told: ToldProgress,
  running: Pick<Claim, 'pid'> | undefined,
): Outcome | undefined {
  const of = { namespace: LOCAL_NAMESPACE, testnet }
  if (told.outcome) return { ...of, verdict: told.outcome.verdict, healMs: told.outcome.healMs ?? undefined }
  return running?.pid === told.pid ? undefined : { ...of, verdict: 'inconclusive', healMs: undefined }
}

/** A lottery has long waits: a chain that does not grow for so long stands still, as in a cluster. */
const STILL_BLOCKS = 20
const STILL_MS = 30_000
const MAX_KEPT = 16

/** The highest head of each moment in a window of time: what growth is judged against. */
export class GrowthWindow {
  readonly #windowMs: number
  #seen: Observation[] = []

  constructor(blockIntervalMs: number) {
    this.#windowMs = Math.max(STILL_MS, STILL_BLOCKS * blockIntervalMs)
  }

  /** The oldest in the window before `now`, which it keeps from then on; undefined when it is the first. */
  next(now: Observation): Observation | undefined {
    this.#seen = this.#seen.filter(({ at }) => at > now.at - this.#windowMs && at <= now.at)
    const last = this.#seen.at(-1)
    if (last === undefined || now.at - last.at >= this.#windowMs / MAX_KEPT) {
      const highest = highestOf(now)
      if (highest) this.#seen.push({ at: now.at, nodes: new Map([[highest.name, highest]]) })
    }
    return last && this.#seen[0]
  }
}

const highestOf = ({ nodes }: Observation): NodeStatus | null =>
  [...nodes.values()].reduce(
    (best, status) => (!best || (status && status.head.height > best.head.height) ? status : best),
    null,
  )
