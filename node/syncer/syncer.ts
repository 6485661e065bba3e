// Runs synchronisation over a stack: handshakes, the scheduler's effects, and the answers to what peers ask.
// The decisions are node/sync's; here are the sockets, the clock and the importer.
import type { Block, Chain, Hash, Reorg, SignatureJob } from '../chain/index.ts'
import type { ImportOutcome } from '../intake/importer.ts'
import { type Method, type PeerId, type PeerInfo, RequestRefused, type Stack } from '../stacks/port.ts'
import type { ChainView, SyncEffect, SyncEvent } from '../sync/events.ts'
import { RequestLimits } from '../sync/limits.ts'
import { PROTOCOL_VERSION, type Status } from '../sync/messages.ts'
import type { SyncOffence } from '../sync/offences.ts'
import { createState, step, targetHeight, usage } from '../sync/scheduler.ts'
import { type ServeReaders, serve } from '../sync/serve.ts'
import type { StatusVerdict } from '../sync/status.ts'
import { Contacts } from './contacts.ts'
import { checkHeaders } from './headers.ts'
import { exchangeStatus, reasonOf, runRequest } from './requests.ts'

/** Drives time-outs only; whatever is urgent happens on its event. */
const TICK_MS = 100
/** Round trips the stack measured are read this often. */
const LATENCY_MS = 1_000
/** Answers in progress, all peers together, and to one peer: a slow reader must not take the places of the others. */
const MAX_SERVING = 256
const MAX_SERVING_PER_PEER = 8
/** A block ahead of our clock is tried again, at the latest after this. */
const MAX_EARLY_MS = 2_000

export interface SyncerEvents {
  /** Handshake done, or a newer status of the same peer. */
  onStatus(peer: PeerId, status: Status): void
  /** Another chain or protocol; the connection is being closed. */
  onWrongPeer(peer: PeerId, verdict: StatusVerdict & { kind: 'wrong' }): void
  onMisbehaviour(peer: PeerId, offence: SyncOffence): void
  onProgress(state: 'started' | 'finished', height: number, target: number): void
  /** A request of ours ended. */
  onRequest(method: Method, outcome: 'answered' | 'silence' | 'refused' | 'malformed'): void
  /** A defect or a failing disk, not a peer's doing. */
  onError(error: unknown): void
}

export interface SyncerParts {
  readonly stack: Pick<Stack, 'request' | 'disconnect' | 'peers'>
  readonly chain: Chain
  readonly readers: Omit<ServeReaders, 'status'>
  /** Takes blocks in the order of the calls; calls overlap. Headers are verified already, bodies are not. */
  readonly importBlock: (block: Block, hash: Hash, from: PeerId) => Promise<ImportOutcome>
  readonly verify: (jobs: readonly SignatureJob[]) => Promise<boolean>
  readonly addCertificate: (bytes: Uint8Array) => Promise<boolean>
  readonly name: string
  readonly capabilities: readonly string[]
  /** A clock that only runs forward. */
  readonly now: () => number
  /** The wall clock, which block timestamps are compared with. */
  readonly clock: () => number
  readonly events: SyncerEvents
}

export class Syncer {
  readonly #parts: SyncerParts
  readonly #state
  readonly #limits = new RequestLimits()
  readonly #contacts: Contacts
  readonly #open = new Map<number, AbortController>()
  #events: SyncEvent[] = []
  #stepping = false
  #serving = 0
  readonly #servingTo = new Map<PeerId, number>()
  #latenciesReadAt = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(parts: SyncerParts) {
    this.#parts = parts
    this.#state = createState(viewOf(parts.chain), parts.chain.genesis.maxBlockBytes)
    this.#contacts = new Contacts({
      now: parts.now,
      ownStatus: () => this.#ownStatus(),
      exchange: async (peer, ours) => {
        const status = await exchangeStatus(parts.stack, peer, ours)
        parts.events.onRequest('status', 'answered')
        return status
      },
      disconnect: (peer, reason) => void parts.stack.disconnect(peer, reason).catch(parts.events.onError),
      onStatus: (peer, status, first) => {
        parts.events.onStatus(peer, status)
        if (first) this.#feed({ kind: 'connected', peer, latencyMs: null })
        this.#feed({ kind: 'status', peer, claim: { head: status.head, justified: status.justified } })
      },
      onWrong: parts.events.onWrongPeer,
      onFailed: (peer, error) => {
        const reason = reasonOf(error)
        parts.events.onRequest('status', reason)
        if (reason === 'malformed') parts.events.onMisbehaviour(peer, 'sync-malformed-answer')
      },
    })
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    this.#timer.unref()
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    for (const controller of this.#open.values()) controller.abort()
    this.#open.clear()
  }

  /** For NodeStatus.sync. */
  get progress(): { state: 'idle' | 'syncing'; target: number } {
    return { state: this.#state.syncing ? 'syncing' : 'idle', target: targetHeight(this.#state) }
  }

  /** What is held against its maxima. */
  get usage(): ReturnType<typeof usage> {
    return usage(this.#state)
  }

  /** The newest status of a peer; null before the handshake. */
  statusOf(peer: PeerId): Status | null {
    return this.#contacts.statusOf(peer)
  }

  onConnected(peer: PeerInfo): void {
    this.#contacts.connected(peer)
  }

  onDisconnected(peer: PeerId): void {
    if (this.#contacts.disconnected(peer)) this.#feed({ kind: 'gone', peer })
  }

  /** A block arrived from the peer by gossip and its parent is known, or `orphan`. */
  sawBlock(peer: PeerId, block: { readonly hash: Hash; readonly height: number }, orphan = false): void {
    this.#contacts.heard(peer)
    this.#feed({ kind: 'saw', peer, hash: block.hash, height: block.height, orphan })
  }

  /** A block is in the chain, whoever brought it. */
  blockImported(hash: Hash): void {
    if (this.#state.tree.entries.has(hash)) this.#feed({ kind: 'imported', hash })
  }

  /** The head moved. After a reorg gossip has nothing to tell our neighbours on the old side; our status does. */
  headMoved(change: Reorg): void {
    if (change.reverted.length > 0) this.#contacts.push()
  }

  /** Serves a peer's request; the stack turns RequestRefused into an error answer. */
  async *onRequest(method: Exclude<Method, 'peers'>, bytes: Uint8Array, from: PeerId): AsyncGenerator<Uint8Array> {
    if (this.#serving >= MAX_SERVING) throw new RequestRefused('busy', 'too many requests in progress')
    if (this.#contacts.isWrong(from)) throw new RequestRefused('unknown', 'not of this network')
    const own = this.#servingTo.get(from) ?? 0
    if (own >= MAX_SERVING_PER_PEER) throw new RequestRefused('busy', 'too many requests of yours in progress')
    this.#serving++
    this.#servingTo.set(from, own + 1)
    try {
      const { readers, now, events } = this.#parts
      const context = {
        readers: { ...readers, status: () => this.#ownStatus() },
        limits: this.#limits,
        now,
        punish: (peer: PeerId, offence: SyncOffence) => events.onMisbehaviour(peer, offence),
        onStatus: (peer: PeerId, status: Status) => this.#contacts.learn(peer, status),
      }
      yield* serve(context, method, bytes, from)
    } finally {
      this.#serving--
      const left = this.#servingTo.get(from)! - 1
      if (left > 0) this.#servingTo.set(from, left)
      else this.#servingTo.delete(from)
    }
  }

  #ownStatus(): Status {
    const { chain, name, capabilities } = this.#parts
    const { hash, height, work } = chain.head
    return {
      protocolVersion: PROTOCOL_VERSION,
      genesisHash: chain.genesisHash,
      chainId: chain.genesis.chainId,
      head: { hash, height, work },
      justified: chain.justified,
      finalized: chain.finalized,
      name,
      capabilities,
    }
  }

  #tick(): void {
    const now = this.#parts.now()
    if (now - this.#latenciesReadAt >= LATENCY_MS) {
      this.#latenciesReadAt = now
      for (const { id, latencyMs } of this.#parts.stack.peers())
        if (latencyMs !== null) this.#feed({ kind: 'latency', peer: id, latencyMs })
    }
    this.#contacts.tick()
    this.#feed({ kind: 'tick' })
  }

  /** Effects may bring about further events at once; those wait for their turn. */
  #feed(event: SyncEvent): void {
    this.#events.push(event)
    if (this.#stepping || this.#stopped) return
    this.#stepping = true
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift())
        for (const effect of step(this.#state, next, this.#parts.now())) this.#run(effect)
    } finally {
      this.#stepping = false
    }
  }

  #run(effect: SyncEffect): void {
    const { events } = this.#parts
    switch (effect.kind) {
      case 'request-headers':
      case 'request-bodies':
      case 'request-finality':
        void this.#request(effect)
        break
      case 'request-status':
        void this.#contacts.ask(effect.peer)
        break
      case 'cancel':
        this.#open.get(effect.request)?.abort()
        this.#open.delete(effect.request)
        break
      case 'check-headers':
        void this.#check(effect)
        break
      case 'import':
        void this.#import(effect.block, effect.hash, effect.from)
        break
      case 'punish':
        events.onMisbehaviour(effect.peer, effect.offence)
        break
      case 'progress':
        events.onProgress(effect.state, this.#parts.chain.head.height, effect.target)
        if (effect.state === 'finished') this.#contacts.push()
    }
  }

  async #request(effect: Extract<SyncEffect, { kind: 'request-headers' | 'request-bodies' | 'request-finality' }>) {
    const { stack, addCertificate, events } = this.#parts
    const controller = new AbortController()
    this.#open.set(effect.request, controller)
    const feed = (event: SyncEvent) => this.#feed(event)
    const end = await runRequest({ stack, feed, addCertificate }, effect, controller.signal)
    if (controller.signal.aborted) return
    this.#open.delete(effect.request)
    const method = effect.kind.slice('request-'.length) as Method
    events.onRequest(method, end.kind === 'failed' ? end.reason : end.kind === 'bad-body' ? 'malformed' : 'answered')
    this.#feed(end)
  }

  async #check(effect: Extract<SyncEffect, { kind: 'check-headers' }>): Promise<void> {
    const { chain, verify, clock, events } = this.#parts
    try {
      this.#feed(await checkHeaders(chain, verify, effect, clock))
    } catch (error) {
      events.onError(error)
      this.#feed({ kind: 'checked', request: effect.request, valid: 0, problem: 'early' })
    }
  }

  async #import(block: Block, hash: Hash, from: PeerId): Promise<void> {
    const { importBlock, clock, events } = this.#parts
    try {
      const outcome = await importBlock(block, hash, from)
      if (outcome.kind !== 'early') return this.#feed(importEvent(hash, from, outcome))
      const wait = Math.max(0, Math.min(outcome.at - clock(), MAX_EARLY_MS))
      setTimeout(() => this.#feed({ kind: 'import-failed', hash, from, reason: 'retry' }), wait).unref()
    } catch (error) {
      events.onError(error)
      this.#feed({ kind: 'import-failed', hash, from, reason: 'retry' })
    }
  }
}

/** What the importer's verdict means to the scheduler. */
export function importEvent(hash: Hash, from: PeerId, outcome: Exclude<ImportOutcome, { kind: 'early' }>): SyncEvent {
  if (outcome.kind === 'orphan') return { kind: 'import-failed', hash, from, reason: 'retry' }
  if (outcome.kind !== 'invalid') return { kind: 'imported', hash }
  switch (outcome.code) {
    // Another body may match the header: the peer that brought this one is at fault, not the block.
    case 'wrong-body-root':
    case 'malformed':
    case 'oversized':
      return { kind: 'import-failed', hash, from, reason: 'bad-body' }
    case 'below-finalized':
      return { kind: 'import-failed', hash, from, reason: 'stale' }
    default:
      return { kind: 'import-failed', hash, from, reason: 'invalid' }
  }
}

function viewOf(chain: Chain): ChainView {
  return {
    has: hash => chain.has(hash),
    work: hash => chain.get(hash)?.work,
    head: () => chain.head,
    justified: () => chain.justified,
    locator: () => chain.locator(),
  }
}
