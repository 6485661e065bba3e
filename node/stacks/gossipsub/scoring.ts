// Gossipsub's peer score (gossipsub v1.1, sections "Peer Scoring" and "Guidelines for Tuning").
//
// Calibration: a well-behaved mesh peer ends near +10 over all topics, of which a quarter is time in the mesh (P1) and the rest
// first deliveries (P2). One invalid block costs 10 (no more gossip with it), two cost 40 (nothing from it is read).
// Negative scores of the node itself (node/peers/score.ts, -100..0) are added as they are (P5).
import type { NodeConfig } from '../../../api/node-config.ts'
import { type Topic, topics } from '../port.ts'

/** Counters decay once per interval; the library takes no less than a second. */
const DECAY_INTERVAL_MS = 1_000
/** A counter this small counts as zero. */
const DECAY_TO_ZERO = 0.01
/** Same half-life as the node's own score, so that both forgive at the same pace. */
const INVALID_HALF_LIFE_MS = 600_000
const MAX_TOPIC_SCORE = 10
const TIME_IN_MESH_MAX = 2.5
const FIRST_DELIVERIES_MAX = 7.5
/** Seconds in the mesh until P1 is full. */
const TIME_IN_MESH_CAP = 60

const topicWeights: Readonly<Record<Topic, number>> = { block: 0.5, transaction: 0.25, vote: 0.25 }
/** Score lost to the first invalid message; the n-th makes it n² times that. Transactions may be invalid by bad luck. */
const invalidCost: Readonly<Record<Topic, number>> = { block: 10, transaction: 0.1, vote: 0.4 }

export const scoreThresholds = {
  gossipThreshold: -10,
  publishThreshold: -20,
  graylistThreshold: -40,
  /** Peer exchange rides on our own protocol, with its own checks. */
  acceptPXThreshold: 1_000,
  /** Median mesh score below which better peers are grafted: a mesh of fresh or useless peers. */
  opportunisticGraftThreshold: 1,
}

export interface ScoreInit {
  readonly degree: number
  readonly blockIntervalMs: number
  readonly perHost: number
  readonly validators: number
  readonly checkpointInterval: number
  readonly topicName: (topic: Topic) => string
  /** The node's own score of a peer, at most 0. */
  readonly appScore: (peer: string) => number
}

export function scoreInit(
  config: Pick<NodeConfig, 'network' | 'genesis'>,
  topicName: ScoreInit['topicName'],
  appScore: ScoreInit['appScore'],
): ScoreInit {
  const { genesis, network } = config
  return {
    degree: network.gossipsub.d,
    blockIntervalMs: genesis.blockIntervalMs,
    perHost: network.limits.perHost,
    validators: genesis.validators.length,
    checkpointInterval: genesis.checkpointInterval,
    topicName,
    appScore,
  }
}

/** Parameters of gossipsub's score for one chain: rates follow from the block interval and the validators. */
export function scoreParams(init: ScoreInit) {
  const blocksPerMs = 1 / init.blockIntervalMs
  const perMs: Record<Topic, number> = {
    block: blocksPerMs,
    vote: (blocksPerMs * init.validators) / init.checkpointInterval,
    // Transactions have no expected rate: credit saturates at one a second.
    transaction: 1 / 1_000,
  }
  return {
    topics: Object.fromEntries(topics.map(topic => [init.topicName(topic), topicParams(topic, perMs[topic], init)])),
    topicScoreCap: MAX_TOPIC_SCORE,
    appSpecificScore: init.appScore,
    appSpecificWeight: 1,
    // Where each node has its own address, more peers per host than the cap allows are a Sybil's. A machine that has only
    // 127.0.0.1 runs all nodes there.
    IPColocationFactorWeight: -5,
    IPColocationFactorThreshold: Math.max(1, init.perHost),
    IPColocationFactorWhitelist: new Set(['127.0.0.1', '::1']),
    // Broken IWANT promises happen to honest peers behind a cut: six are free, and half is forgotten in ten seconds.
    behaviourPenaltyWeight: -5,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyDecay: 0.5 ** (DECAY_INTERVAL_MS / 10_000),
    decayInterval: DECAY_INTERVAL_MS,
    decayToZero: DECAY_TO_ZERO,
    retainScore: INVALID_HALF_LIFE_MS,
  }
}

function topicParams(topic: Topic, perMs: number, init: ScoreInit) {
  // Deliveries are counted over 20 messages per mesh peer, so that chance does not decide.
  const windowMs = Math.max(10_000, (20 * init.degree) / perMs)
  const decay = DECAY_TO_ZERO ** (DECAY_INTERVAL_MS / windowMs)
  const steady = (perMs * DECAY_INTERVAL_MS) / (1 - decay)
  const firstCap = Math.max(1, (2 * steady) / init.degree)
  // P3 only for blocks: they are the one topic with a known rate. IDONTWANT spares duplicates, so an honest neighbour may
  // deliver no more than its share of first deliveries; a quarter of that share is asked.
  const meshThreshold = Math.max(0.5, steady / init.degree / 4)
  const watched = topic === 'block'
  return {
    topicWeight: topicWeights[topic],
    timeInMeshWeight: TIME_IN_MESH_MAX / TIME_IN_MESH_CAP,
    timeInMeshQuantum: 1_000,
    timeInMeshCap: TIME_IN_MESH_CAP,
    firstMessageDeliveriesWeight: FIRST_DELIVERIES_MAX / firstCap,
    firstMessageDeliveriesDecay: decay,
    firstMessageDeliveriesCap: firstCap,
    // The whole deficit costs less than P1 gives by then: a silent neighbour is the first to be replaced, but never negative,
    // because a network that is cut on purpose makes honest neighbours silent.
    meshMessageDeliveriesWeight: watched ? (-0.8 * TIME_IN_MESH_MAX) / meshThreshold ** 2 : 0,
    meshMessageDeliveriesDecay: decay,
    meshMessageDeliveriesCap: meshThreshold * 4,
    meshMessageDeliveriesThreshold: meshThreshold,
    meshMessageDeliveriesWindow: 2_000,
    meshMessageDeliveriesActivation: Math.max(windowMs, TIME_IN_MESH_CAP * 1_000),
    // P3b sticks to a peer that was pruned while silent: off for the same reason.
    meshFailurePenaltyWeight: 0,
    meshFailurePenaltyDecay: decay,
    invalidMessageDeliveriesWeight: -invalidCost[topic] / topicWeights[topic],
    invalidMessageDeliveriesDecay: 0.5 ** (DECAY_INTERVAL_MS / INVALID_HALF_LIFE_MS),
  }
}
