// The gossipsub router: topics, verdicts, mesh and the bounds on what one peer may bring.
import { createHash } from 'node:crypto'
import { type GossipSub, gossipsub, type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PeerId as Libp2pPeerId, Stream } from '@libp2p/interface'
import type { NodeConfig } from '../../../api/node-config.ts'
import { RateLimiter } from '../../peers/rate.ts'
import { type PeerId, type StackEvents, type Topic, topics, type Verdict } from '../port.ts'
import { MAX_GOSSIP_BACKLOG_BYTES, MESSAGE_RATES, RPC_LIMITS, rpcLimit, topicLimits } from './limits.ts'
import type { GossipsubStackOptions, ProtocolNames } from './options.ts'
import { PendingVerdicts } from './pending.ts'
import { scoreInit, scoreParams, scoreThresholds } from './scoring.ts'

/** Content-hash ids: the first 20 bytes of sha256(topic, data), as in seeds 000 and 002 (duplicates are recognised whoever sends them). */
const MESSAGE_ID_BYTES = 20
/** Rejoining a mesh after being pruned from it; the spec's minute outlasts a whole fault experiment. */
const PRUNE_BACKOFF_MS = 15_000
const GRAFT_FLOOD_THRESHOLD_MS = 5_000
/** Heartbeats between attempts to replace a poor mesh. */
const OPPORTUNISTIC_GRAFT_TICKS = 30
/** Ids remembered against duplicates; older repetitions are recognised by the importer. */
const SEEN_TTL_MS = 60_000
/** Messages below this travel faster than an IDONTWANT about them: transactions and votes. */
const IDONTWANT_MIN_BYTES = 1_024
const MAX_RATE_KEYS = 4_096
/** Lost neighbours that are grafted again when they come back. */
const MAX_LOST_NEIGHBOURS = 1_024
/** A flood is blamed once per peer and second, however many messages it has. */
const BLAME_RATE = { perSecond: 1, burst: 1 }

/** How it-length-prefixed names lengths that are no number or beyond the limit. */
const framingErrors: ReadonlySet<string> = new Set([
  'InvalidMessageLengthError',
  'InvalidDataLengthError',
  'InvalidDataLengthLengthError',
])

/** What the installed GossipSub class offers beyond its interface. */
export interface GossipSubRouter extends GossipSub {
  reportMessageValidationResult(id: string, source: PeerId, acceptance: TopicValidatorResult): void
  getMeshPeers(topic: string): PeerId[]
  getScore(peer: PeerId): number
  handlePeerReadStreamError(error: Error, peer: Libp2pPeerId): void
  addToMesh(peer: PeerId, topic: string, reason: string): void
  sendGraft(peer: PeerId, topics: readonly string[]): void
  readonly score: { duplicateMessage(from: PeerId, id: string, topic: string): void }
  readonly backoff: ReadonlyMap<string, ReadonlyMap<PeerId, number>>
  readonly streamsOutbound: ReadonlyMap<PeerId, GossipStream>
  readonly streamsInbound: ReadonlyMap<PeerId, GossipStream>
}
interface GossipStream {
  readonly rawStream: Stream
}

/** The libp2p service, configured for one chain. */
export function gossipsubService(
  config: GossipsubStackOptions['config'],
  names: ProtocolNames,
  appScore: (peer: PeerId) => number,
) {
  const degrees: NodeConfig['network']['gossipsub'] = config.network.gossipsub
  return gossipsub({
    D: degrees.d,
    Dlo: degrees.dLow,
    Dhi: degrees.dHigh,
    Dlazy: degrees.dLazy,
    Dout: degrees.dOut,
    Dscore: degrees.dScore,
    heartbeatInterval: degrees.heartbeatMs,
    fanoutTTL: degrees.fanoutTtlMs,
    seenTTL: SEEN_TTL_MS,
    pruneBackoff: PRUNE_BACKOFF_MS,
    graftFloodThreshold: GRAFT_FLOOD_THRESHOLD_MS,
    opportunisticGraftTicks: OPPORTUNISTIC_GRAFT_TICKS,
    // Flooding a block to every peer multiplies its upload; the mesh is enough.
    floodPublish: false,
    fallbackToFloodsub: false,
    doPX: false,
    tagMeshPeers: false,
    emitSelf: false,
    asyncValidation: true,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    // Objects carry their own signatures; a message has no author beside them.
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: message => messageId(message.topic, message.data),
    msgIdToStrFn: id => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex'),
    allowedTopics: topics.map(names.topic),
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxInboundDataLength: rpcLimit(config.genesis.maxBlockBytes),
    maxOutboundBufferSize: MAX_GOSSIP_BACKLOG_BYTES,
    maxTopicBytesPerPeer: 64 * 1_024,
    decodeRpcLimits: RPC_LIMITS,
    idontwantMinDataSize: IDONTWANT_MIN_BYTES,
    scoreParams: scoreParams(scoreInit(config, names.topic, appScore)),
    scoreThresholds,
  })
}

export function messageId(topic: string, data: Uint8Array): Uint8Array {
  return createHash('sha256').update(topic).update(data).digest().subarray(0, MESSAGE_ID_BYTES)
}

const acceptance: Readonly<Record<Verdict, TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

export class GossipRouter {
  readonly #router: GossipSubRouter
  readonly #topicOf: ReadonlyMap<string, Topic>
  readonly #nameOf: (topic: Topic) => string
  readonly #maxBytes: Readonly<Record<Topic, number>>
  readonly #now: () => number
  readonly #rates: Readonly<Record<Topic, RateLimiter<PeerId>>>
  readonly #blames = new RateLimiter<PeerId>(BLAME_RATE, MAX_RATE_KEYS)
  readonly #pending = new PendingVerdicts()
  readonly #meshes = new Map<Topic, string>()
  readonly #maxMesh: number
  /** Topic names by the peer that was lost while it was in their mesh. */
  readonly #lostNeighbours = new Map<PeerId, readonly string[]>()

  constructor(
    router: GossipSubRouter,
    names: ProtocolNames,
    config: GossipsubStackOptions['config'],
    now: () => number,
  ) {
    this.#router = router
    this.#maxMesh = config.network.gossipsub.dHigh
    this.#topicOf = new Map(topics.map(topic => [names.topic(topic), topic]))
    this.#nameOf = names.topic
    this.#maxBytes = topicLimits(config.genesis.maxBlockBytes)
    this.#now = now
    this.#rates = {
      block: new RateLimiter(MESSAGE_RATES.block, MAX_RATE_KEYS),
      transaction: new RateLimiter(MESSAGE_RATES.transaction, MAX_RATE_KEYS),
      vote: new RateLimiter(MESSAGE_RATES.vote, MAX_RATE_KEYS),
    }
  }

  /** Subscribes. `onBrokenFraming` is told of a peer whose RPC lengths are wrong or beyond the limit. */
  start(events: StackEvents, onBrokenFraming: (peer: PeerId) => void): void {
    this.#router.addEventListener('gossipsub:message', event => {
      const { msg, msgId, propagationSource } = event.detail
      void this.#judge(events, msg, msgId, propagationSource.toString())
    })
    for (const change of ['graft', 'prune'] as const) {
      this.#router.addEventListener(`gossipsub:${change}`, ({ detail }) => {
        const topic = this.#topicOf.get(detail.topic)
        if (topic !== undefined) events.onMeshControl?.(change, topic, detail.direction === 'inbound' ? 'in' : 'out')
      })
    }
    const meshMoved = () => this.#tellMesh(events)
    for (const event of ['gossipsub:graft', 'gossipsub:prune', 'gossipsub:heartbeat'] as const) {
      this.#router.addEventListener(event, meshMoved)
    }
    for (const event of ['subscription-change', 'gossipsub:heartbeat'] as const) {
      this.#router.addEventListener(event, () => this.#regraft())
    }
    // The library forgets a peer whose stream cannot be decoded but leaves it connected, deaf and mute. Streams that end with
    // their connection come here late, when the peer may be back over a new one: those are no reason to forget it.
    const forget = this.#router.handlePeerReadStreamError.bind(this.#router)
    this.#router.handlePeerReadStreamError = (error, peer) => {
      if (!framingErrors.has(error.name)) return
      forget(error, peer)
      onBrokenFraming(peer.toString())
    }
    // The library counts duplicates only for its own metrics, of which we want this one.
    const { score } = this.#router
    const onDuplicate = score.duplicateMessage.bind(score)
    score.duplicateMessage = (from, id, name) => {
      onDuplicate(from, id, name)
      const topic = this.#topicOf.get(name)
      if (topic !== undefined) events.onDuplicate?.(topic)
    }
    for (const name of this.#topicOf.keys()) this.#router.subscribe(name)
  }

  async publish(topic: Topic, bytes: Uint8Array): Promise<number> {
    const { recipients } = await this.#router.publish(this.#nameOf(topic), bytes)
    return recipients.length
  }

  mesh(topic: Topic): PeerId[] {
    return this.#router.getMeshPeers(this.#nameOf(topic))
  }

  score(peer: PeerId): number {
    return this.#router.getScore(peer)
  }

  /** Both gossip streams of the peer are open. */
  hasStreams(peer: PeerId): boolean {
    return [this.#router.streamsOutbound, this.#router.streamsInbound].every(
      streams => streams.get(peer)?.rawStream.status === 'open',
    )
  }

  /** The peer's connection has ended, and the router does not know yet. */
  lost(peer: PeerId): void {
    const meshes = [...this.#topicOf.keys()].filter(name => this.#router.getMeshPeers(name).includes(peer))
    if (meshes.length === 0) return
    this.#lostNeighbours.delete(peer)
    this.#lostNeighbours.set(peer, meshes)
    if (this.#lostNeighbours.size > MAX_LOST_NEIGHBOURS) {
      this.#lostNeighbours.delete(this.#lostNeighbours.keys().next().value!)
    }
  }

  /**
   * Grafts lost neighbours that are back. Gossipsub grafts only while a mesh is small: two sides of a cut that have filled
   * their meshes with their own would stay two meshes after it has healed, joined by lazy gossip alone.
   */
  #regraft(): void {
    for (const [peer, meshes] of this.#lostNeighbours) {
      if (!this.hasStreams(peer)) continue
      const subscribed = (name: string) => this.#router.getSubscribers(name).some(id => id.toString() === peer)
      if (!meshes.every(subscribed)) continue
      this.#lostNeighbours.delete(peer)
      if (this.#router.getScore(peer) < 0) continue
      const grafted = meshes.filter(name => {
        const mesh = this.#router.getMeshPeers(name)
        const backsOff = this.#router.backoff.get(name)?.has(peer) ?? false
        return !mesh.includes(peer) && mesh.length < this.#maxMesh && !backsOff
      })
      for (const name of grafted) this.#router.addToMesh(peer, name, 'not_enough')
      if (grafted.length > 0) this.#router.sendGraft(peer, grafted)
    }
  }

  async #judge(events: StackEvents, message: Message, id: string, from: PeerId): Promise<void> {
    const verdict = await this.#verdict(events, message, from)
    this.#router.reportMessageValidationResult(id, from, acceptance[verdict])
  }

  async #verdict(events: StackEvents, message: Message, from: PeerId): Promise<Verdict> {
    const topic = this.#topicOf.get(message.topic)
    if (topic === undefined) return 'ignore'
    if (message.data.byteLength > this.#maxBytes[topic]) {
      events.onMisbehaviour(from, 'oversized-message')
      return 'reject'
    }
    const now = this.#now()
    if (!this.#rates[topic].take(from, now)) {
      if (this.#blames.take(from, now)) events.onMisbehaviour(from, 'message-flood')
      return 'ignore'
    }
    const bytes = message.data.byteLength
    if (!this.#pending.take(from, bytes)) return 'ignore'
    try {
      return await events.onMessage(topic, message.data, from)
    } catch {
      // A defect of ours is not the peer's fault.
      return 'ignore'
    } finally {
      this.#pending.release(from, bytes)
    }
  }

  #tellMesh(events: StackEvents): void {
    for (const topic of topics) {
      const peers = this.mesh(topic).sort()
      const key = peers.join()
      if (this.#meshes.get(topic) === key) continue
      this.#meshes.set(topic, key)
      events.onMesh(topic, peers)
    }
  }
}
