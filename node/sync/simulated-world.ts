// Test support: one scheduler among simulated peers in virtual time. Everything derives from a seed. The peers' lines have
// latency and a rate, the importer takes time per block, the chain grows meanwhile, and some peers misbehave.
import type { Block, Hash, Millis, SignedHeader } from '../chain/types.ts'
import {
  MAX_BODIES_AHEAD,
  MAX_BODIES_ANSWER_BYTES,
  MAX_BODY_BYTES_AHEAD,
  MAX_IMPORTING,
  MAX_PENDING_HEADERS,
  MAX_SYNC_PEERS,
} from './bounds.ts'
import type { ChainView, SyncEffect, SyncEvent } from './events.ts'
import type { HeaderLink } from './header-tree.ts'
import { createState, type SyncState, step, usage } from './scheduler.ts'

export interface SimulatedBlock extends HeaderLink {
  readonly work: bigint
  /** The header passes its checks. */
  readonly headerValid: boolean
  /** The block executes. */
  readonly valid: boolean
}

/**
 * honest; stalls: takes requests and never answers; liar: claims a head that does not exist and has nothing;
 * unlinked: answers headers that link to nothing; forger: its headers fail their check; cheat: its headers pass and its
 * blocks do not execute; garbage: its bodies do not decode; swapper: its bodies turn out wrong in the importer;
 * absent: announces the honest head and has no bodies; flapper: vanishes and comes back.
 */
export type Behaviour =
  | 'honest'
  | 'stalls'
  | 'liar'
  | 'unlinked'
  | 'forger'
  | 'cheat'
  | 'garbage'
  | 'swapper'
  | 'absent'
  | 'flapper'

export interface PeerOptions {
  readonly behaviour: Behaviour
  readonly latencyMs: number
  /** Milliseconds of its line one body takes. */
  readonly bodyMs: number
}

interface SimulatedPeer extends PeerOptions {
  readonly id: string
  chain: Hash
  connected: boolean
  lineFreeAt: Millis
  penalty: number
  banned: boolean
}

export interface WorldOptions {
  readonly seed: number
  readonly peers: readonly PeerOptions[]
  /** Height of the honest chain at the start. */
  readonly height: number
  /** Our own height; blocks above `forkHeight` are our own branch. */
  readonly ownHeight?: number
  readonly forkHeight?: number
  readonly blockIntervalMs?: number
  /** Blocks the honest chain grows by while we synchronise. */
  readonly growth?: number
  readonly importMs?: number
  readonly bodyBytes?: number
  readonly maxBlockBytes?: number
}

const BAN_AT = 5

export class World {
  readonly state: SyncState
  readonly blocks = new Map<Hash, SimulatedBlock>()
  readonly imported: Hash[] = []
  readonly punished = new Map<string, string[]>()
  readonly log: string[] = []
  now: Millis = 1_000_000
  /** Body requests sent for a block, in all. */
  readonly asked = new Map<Hash, number>()
  readonly firstRequest: { at: Millis | null } = { at: null }
  requestsSent = 0
  head: SimulatedBlock
  readonly #options: WorldOptions
  readonly #peers = new Map<string, SimulatedPeer>()
  readonly #known = new Set<Hash>()
  readonly #cancelled = new Set<number>()
  #honest: SimulatedBlock
  #timeline: { at: Millis; order: number; run: () => void }[] = []
  #order = 0
  #random: () => number
  #importFreeAt: Millis = 0
  #emitted = new Set<Hash>()

  constructor(options: WorldOptions) {
    this.#options = options
    this.#random = mulberry32(options.seed)
    const genesis = this.#mint(null, {})
    this.head = genesis
    this.#honest = genesis
    this.#know(genesis)
    const fork = options.forkHeight ?? options.ownHeight ?? 0
    for (let h = 1; h <= options.height; h++) {
      this.#honest = this.#mint(this.#honest, {})
      if (h <= fork) this.#know(this.#honest)
    }
    for (let h = fork + 1; h <= (options.ownHeight ?? 0); h++) this.#know(this.#mint(this.head, {}))
    this.state = createState(this.#view(), options.maxBlockBytes ?? 1_048_576)
    options.peers.forEach((peer, i) => {
      const id = `peer-${i}-${peer.behaviour}`
      const chain = this.#chainOf(peer.behaviour).hash
      this.#peers.set(id, { ...peer, id, chain, connected: false, lineFreeAt: 0, penalty: 0, banned: false })
      this.#at(this.#random() * 50, () => this.#connect(id))
    })
    const interval = options.blockIntervalMs ?? 1_000
    for (let i = 1; i <= (options.growth ?? 0); i++) this.#at(i * interval, () => this.#grow())
    this.#tick()
  }

  /** Runs until we stand at the honest head and the chain grows no more, or the deadline; returns virtual milliseconds taken. */
  run(deadlineMs: Millis): Millis {
    const start = this.now
    const end = start + (this.#options.growth ?? 0) * (this.#options.blockIntervalMs ?? 1_000)
    while (this.#timeline.length > 0) {
      if (this.head.hash === this.#honest.hash && this.now >= end) return this.now - start
      const next = this.#timeline.shift()!
      this.now = next.at
      if (this.now - start > deadlineMs) break
      next.run()
    }
    throw new Error(`not at the head after ${deadlineMs} ms of virtual time: ${this.describe()}`)
  }

  describe(): string {
    const { seed } = this.#options
    const bad = [...this.punished].map(([peer, offences]) => `${peer}: ${offences.join(',')}`)
    const entries = [...this.state.tree.entries.values()].slice(0, 5).map(e => `${e.height}:${e.state}:${e.requests}`)
    const peers = [...this.state.peers.values()].map(
      p =>
        `${p.id} head ${p.head?.height} tip ${p.tip?.slice(0, 6)} back ${p.backoffUntil - this.now} dis ${p.disagrees} req ${p.bodyRequests}/${p.headerRequest} chk ${p.checking}`,
    )
    return `seed ${seed}, height ${this.head.height} of ${this.#honest.height}, ${JSON.stringify(usage(this.state))}, ${entries}, punished ${bad}\n${peers.join('\n')}\n${this.log.slice(-20).join('\n')}`
  }

  get honestHead(): SimulatedBlock {
    return this.#honest
  }

  isBanned(behaviour: Behaviour): boolean {
    return [...this.#peers.values()].filter(p => p.behaviour === behaviour).every(p => p.banned)
  }

  #chainOf(behaviour: Behaviour): SimulatedBlock {
    const evil = (length: number, traits: { headerValid?: boolean; valid?: boolean }) => {
      let tip = this.#ancestor(this.#honest, Math.floor(this.#random() * this.#honest.height))
      const first = tip
      while (tip.height < first.height + length) tip = this.#mint(tip, tip === first ? traits : {})
      return tip
    }
    const excess = this.#options.height + 50
    if (behaviour === 'forger') return evil(excess, { headerValid: false })
    if (behaviour === 'cheat') return evil(excess, { valid: false })
    return this.#honest
  }

  #view(): ChainView {
    return {
      has: hash => this.#known.has(hash),
      work: hash => (this.#known.has(hash) ? this.blocks.get(hash)?.work : undefined),
      head: () => this.head,
      justified: () => ({ hash: '', height: 0 }),
      locator: () => {
        const hashes: Hash[] = []
        let step = 1
        for (let h = this.head.height; h > 0; h -= step) {
          hashes.push(this.#ancestor(this.head, h).hash)
          if (hashes.length > 8) step *= 2
        }
        return [...hashes, this.#ancestor(this.head, 0).hash]
      },
    }
  }

  #mint(parent: SimulatedBlock | null, traits: { headerValid?: boolean; valid?: boolean }): SimulatedBlock {
    const hash = Array.from({ length: 8 }, () =>
      Math.floor(this.#random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0'),
    ).join('')
    const block: SimulatedBlock = {
      hash,
      parent: parent?.hash ?? '',
      height: parent ? parent.height + 1 : 0,
      difficulty: 10,
      work: (parent?.work ?? 0n) + 10n,
      header: { hash } as unknown as SignedHeader,
      headerValid: (parent?.headerValid ?? true) && (traits.headerValid ?? true),
      valid: (parent?.valid ?? true) && (traits.valid ?? true),
    }
    this.blocks.set(hash, block)
    return block
  }

  #ancestor(from: SimulatedBlock, height: number): SimulatedBlock {
    let block = from
    while (block.height > height) block = this.blocks.get(block.parent)!
    return block
  }

  #know(block: SimulatedBlock): void {
    this.#known.add(block.hash)
    if (block.work > this.head.work || (block.work === this.head.work && block.hash < this.head.hash)) this.head = block
  }

  #at(delayMs: Millis, run: () => void): void {
    const item = { at: this.now + delayMs, order: this.#order++, run }
    let low = 0
    let high = this.#timeline.length
    while (low < high) {
      const mid = (low + high) >> 1
      const other = this.#timeline[mid]!
      if (other.at < item.at || (other.at === item.at && other.order < item.order)) low = mid + 1
      else high = mid
    }
    this.#timeline.splice(low, 0, item)
  }

  #tick(): void {
    this.#feed({ kind: 'tick' })
    this.#at(100, () => this.#tick())
  }

  #connect(id: string): void {
    const peer = this.#peers.get(id)!
    if (peer.banned) return
    peer.connected = true
    this.#feed({ kind: 'connected', peer: id, latencyMs: peer.latencyMs * 2 })
    this.#status(peer)
    this.#restatus(peer)
    if (peer.behaviour === 'flapper') {
      this.#at(200 + this.#random() * 800, () => {
        this.#disconnect(peer)
        this.#at(this.#random() * 1_000, () => this.#connect(id))
      })
    }
  }

  #restatus(peer: SimulatedPeer): void {
    this.#at(2_000, () => {
      if (!peer.connected) return
      this.#status(peer)
      this.#restatus(peer)
    })
  }

  #disconnect(peer: SimulatedPeer): void {
    peer.connected = false
    this.#feed({ kind: 'gone', peer: peer.id })
  }

  #status(peer: SimulatedPeer): void {
    const tip = this.#tipOf(peer)
    const claim =
      peer.behaviour === 'liar'
        ? { hash: `f${this.#random().toString(16).slice(2)}`, height: tip.height + 1_000, work: tip.work * 2n }
        : { hash: tip.hash, height: tip.height, work: tip.work }
    this.#feed({ kind: 'status', peer: peer.id, claim: { head: claim, justified: { hash: '', height: 0 } } })
  }

  #tipOf(peer: SimulatedPeer): SimulatedBlock {
    return peer.behaviour === 'forger' || peer.behaviour === 'cheat' ? this.blocks.get(peer.chain)! : this.#honest
  }

  #grow(): void {
    const block = this.#mint(this.#honest, {})
    this.#honest = block
    for (const peer of this.#peers.values()) {
      if (peer.behaviour !== 'honest') continue
      this.#at(peer.latencyMs, () => {
        if (!peer.connected || this.#known.has(block.hash)) return
        const orphan = !this.#known.has(block.parent)
        this.#feed({ kind: 'saw', peer: peer.id, hash: block.hash, height: block.height, orphan })
        if (!orphan) this.#admit(block)
      })
    }
  }

  #admit(block: SimulatedBlock): void {
    if (!this.#known.has(block.parent))
      throw new Error(`${block.height} imported before its parent: ${this.describe()}`)
    this.imported.push(block.hash)
    this.#know(block)
    this.#feed({ kind: 'imported', hash: block.hash })
  }

  #feed(event: SyncEvent): void {
    const effects = step(this.state, event, this.now)
    this.#assertBounds()
    for (const effect of effects) this.#run(effect)
  }

  #assertBounds(): void {
    const used = usage(this.state)
    const limits = {
      peers: MAX_SYNC_PEERS,
      pendingHeaders: MAX_PENDING_HEADERS,
      bodiesAhead: MAX_BODIES_AHEAD + 1,
      bodyBytes: MAX_BODY_BYTES_AHEAD,
      importing: MAX_IMPORTING,
    }
    for (const [name, limit] of Object.entries(limits)) {
      const value = used[name as keyof typeof limits]
      if (value < 0 || value > limit) throw new Error(`${name} is ${value}, limit ${limit}: ${this.describe()}`)
    }
    if (this.state.heldBytes < 0 || this.state.reservedBytes < 0) throw new Error(`negative bytes: ${this.describe()}`)
  }

  #run(effect: SyncEffect): void {
    switch (effect.kind) {
      case 'request-headers':
        this.log.push(`${this.now} headers ${effect.request} of ${effect.peer}`)
        this.requestsSent++
        this.firstRequest.at ??= this.now
        this.#serveHeaders(effect)
        return
      case 'request-bodies':
        this.log.push(`${this.now} ${effect.blocks.length} bodies from ${effect.blocks[0]!.height} of ${effect.peer}`)
        this.requestsSent++
        this.#serveBodies(effect)
        return
      case 'request-status': {
        const peer = this.#peers.get(effect.peer)!
        this.#at(2 * peer.latencyMs, () => peer.connected && this.#status(peer))
        return
      }
      case 'cancel':
        this.#cancelled.add(effect.request)
        return
      case 'check-headers': {
        const { request } = effect
        const found = effect.headers.map(header => this.blocks.get((header as unknown as { hash: Hash }).hash)!)
        const bad = found.findIndex(block => !block.headerValid)
        const result =
          bad === -1 ? { valid: found.length, problem: null } : { valid: 0, problem: 'bad-signature' as const }
        this.#at(1 + found.length * 0.05, () => this.#feed({ kind: 'checked', request, ...result }))
        return
      }
      case 'import':
        this.#import(effect)
        return
      case 'punish': {
        const offences = this.punished.get(effect.peer) ?? []
        offences.push(effect.offence)
        this.punished.set(effect.peer, offences)
        const peer = this.#peers.get(effect.peer)!
        peer.penalty += effect.offence === 'sync-no-answer' ? 0.5 : 1
        if (peer.penalty < BAN_AT || !peer.connected) return
        peer.banned = true
        this.#at(0, () => this.#disconnect(peer))
        return
      }
    }
  }

  #import(effect: SyncEffect & { kind: 'import' }): void {
    const block = this.blocks.get(effect.hash)!
    if (!this.#known.has(block.parent) && !this.#emitted.has(block.parent))
      throw new Error(`${block.height} handed over before its parent: ${this.describe()}`)
    this.#emitted.add(block.hash)
    this.#importFreeAt = Math.max(this.now, this.#importFreeAt) + (this.#options.importMs ?? 1)
    this.#at(this.#importFreeAt - this.now, () => {
      if (this.#known.has(block.hash)) return this.#feed({ kind: 'imported', hash: block.hash })
      const fail = (reason: 'invalid' | 'bad-body' | 'retry') =>
        this.#feed({ kind: 'import-failed', hash: block.hash, from: effect.from, reason })
      if (!this.#known.has(block.parent)) return fail('retry')
      if ((effect.block as unknown as { wrong: boolean }).wrong) return fail('bad-body')
      if (!block.valid) return fail('invalid')
      this.#admit(block)
    })
  }

  #serveHeaders(effect: SyncEffect & { kind: 'request-headers' }): void {
    const peer = this.#peers.get(effect.peer)!
    const { behaviour } = peer
    if (behaviour === 'stalls' || !peer.connected) return
    this.#at(2 * peer.latencyMs, () => {
      if (!peer.connected || this.#cancelled.has(effect.request)) return
      const tip = this.#tipOf(peer)
      const main = new Map<Hash, SimulatedBlock>()
      for (let b: SimulatedBlock | undefined = tip; b; b = this.blocks.get(b.parent)) main.set(b.hash, b)
      const start = effect.locator.find(hash => main.has(hash))
      let headers: SimulatedBlock[] = []
      if (start !== undefined && behaviour !== 'liar') {
        const from = main.get(start)!.height
        headers = [...main.values()].reverse().slice(from + 1, from + 1 + effect.max)
      }
      if (behaviour === 'unlinked') headers = headers.slice(Math.ceil(headers.length / 2)).reverse()
      this.#feed({ kind: 'headers', request: effect.request, headers })
    })
  }

  #serveBodies(effect: SyncEffect & { kind: 'request-bodies' }): void {
    const peer = this.#peers.get(effect.peer)!
    const { request } = effect
    for (const { hash } of effect.blocks) {
      this.asked.set(hash, (this.asked.get(hash) ?? 0) + 1)
      if ((this.state.tree.entries.get(hash)?.requests ?? 0) > 2)
        throw new Error(`block asked of three peers: ${this.describe()}`)
    }
    if (peer.behaviour === 'stalls' || !peer.connected) return
    const send = (run: () => void, lineMs: number) => {
      peer.lineFreeAt = Math.max(peer.lineFreeAt, this.now + peer.latencyMs) + lineMs
      this.#at(peer.lineFreeAt + peer.latencyMs - this.now, () => {
        if (peer.connected && !this.#cancelled.has(request)) run()
      })
    }
    const tip = this.#tipOf(peer)
    let sent = 0
    for (const { hash } of effect.blocks) {
      if (sent >= MAX_BODIES_ANSWER_BYTES) break
      const block = this.blocks.get(hash)!
      const has =
        peer.behaviour !== 'absent' && peer.behaviour !== 'liar' && this.#ancestor(tip, block.height).hash === hash
      if (has) sent += this.#options.bodyBytes ?? 1_000
      send(
        () => {
          if (!has) return this.#feed({ kind: 'no-body', request, hash })
          if (peer.behaviour === 'garbage') return this.#feed({ kind: 'bad-body', request, hash })
          const body = { wrong: peer.behaviour === 'swapper' } as unknown as Block
          this.#feed({ kind: 'body', request, hash, block: body, bytes: this.#options.bodyBytes ?? 1_000 })
        },
        has ? peer.bodyMs : 0,
      )
    }
    send(() => this.#feed({ kind: 'bodies-end', request }), 0)
  }
}

/** Small seeded generator, 0 <= x < 1. */
export function mulberry32(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = a
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
