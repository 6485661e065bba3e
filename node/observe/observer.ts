// Turns what happens in the node into events (for people and the chaos runner), log lines and metrics.
import type { BlockRecord, Checkpoint, Equivocation, Reorg } from '../chain/index.ts'
import type { ImportOutcome } from '../intake/importer.ts'
import type { PeerInfo, Topic, Verdict } from '../stacks/port.ts'
import { ClockOffset } from './clock-offset.ts'
import { Events } from './events.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

/** Reasons told apart in the metrics; the system's own words for an end come after ours and beyond this are `other`. */
const MAX_REASONS = 24

export class Observer {
  readonly events: Events
  readonly clockOffset = new ClockOffset()
  readonly #log: Log
  readonly #metrics: Metrics
  readonly #now: () => number
  readonly #reasons = new Set<string>()
  #reorgs = { count: 0, deepest: 0 }

  constructor(parts: { readonly log: Log; readonly metrics: Metrics; readonly now: () => number }) {
    this.events = new Events({ now: parts.now })
    this.#log = parts.log
    this.#metrics = parts.metrics
    this.#now = parts.now
    this.events.subscribe(({ event }) => {
      const { kind, at: _, ...fields } = event
      // Blocks and mesh changes are many; the stream has them all.
      if (kind === 'block' || kind === 'head' || kind === 'mesh') this.#log.debug(kind, fields)
      else this.#log.info(kind, fields)
    })
  }

  get reorgs(): { readonly count: number; readonly deepest: number } {
    return this.#reorgs
  }

  block(record: BlockRecord, transactions: number, from: string, receivedAt: number): void {
    const delayMs = receivedAt - record.timestamp
    const { hash, parent, height, producer } = record
    this.events.emit({ kind: 'block', hash, parent, height, producer, delayMs, transactions, from })
    const source = from === 'self' ? 'self' : from.startsWith('sync:') ? 'sync' : 'gossip'
    this.#metrics.get('trellis_node_blocks_imported_total').inc({ source })
    this.#metrics.get('trellis_node_transactions_imported_total').inc(transactions)
    this.#metrics.get('trellis_node_block_import_seconds').observe((this.#now() - receivedAt) / 1_000)
    if (source === 'gossip')
      this.#metrics.get('trellis_node_block_delivery_seconds').observe(Math.max(0, delayMs) / 1_000)
  }

  rejected(outcome: Extract<ImportOutcome, { kind: 'invalid' }>, from: string): void {
    this.#metrics.get('trellis_node_blocks_rejected_total').inc({ reason: outcome.code })
    this.#log.warn('block refused', { from, code: outcome.code, reason: outcome.message })
  }

  head(head: BlockRecord, change: Reorg, previous: Checkpoint, returned: number, dropped: number): void {
    const { hash, height, producer, work } = head
    this.events.emit({ kind: 'head', hash, height, producer, work: work.toString() })
    const depth = change.reverted.length
    if (depth === 0) return
    this.#reorgs = { count: this.#reorgs.count + 1, deepest: Math.max(this.#reorgs.deepest, depth) }
    this.#metrics.get('trellis_node_reorgs_total').inc()
    this.#metrics.get('trellis_node_reorg_depth').observe(depth)
    this.#metrics.get('trellis_node_transactions_returned_total').inc(returned)
    this.events.emit({
      kind: 'reorg',
      depth,
      ancestor: change.ancestor,
      from: previous,
      to: { hash, height },
      returned,
      dropped,
    })
  }

  voteRejected(reason: string): void {
    this.#metrics.get('trellis_node_votes_rejected_total').inc({ reason })
  }

  justified({ hash, height }: Checkpoint): void {
    this.events.emit({ kind: 'justified', hash, height })
  }

  finalized({ hash, height }: Checkpoint): void {
    this.events.emit({ kind: 'finalized', hash, height })
  }

  equivocation({ producer, height }: Equivocation): void {
    this.#metrics.get('trellis_node_equivocations_total').inc()
    this.events.emit({ kind: 'equivocation', producer, height })
  }

  peer(change: 'connected' | 'disconnected', peer: PeerInfo, name: string, reason: string): void {
    if (change === 'disconnected')
      this.#metrics.get('trellis_node_disconnects_total').inc({ reason: this.#kindOf(reason) })
    this.events.emit({ kind: 'peer', change, peer: peer.id, name, direction: peer.direction, reason })
  }

  mesh(topic: Topic, peers: readonly string[]): void {
    this.events.emit({ kind: 'mesh', topic, peers })
  }

  gossip(topic: Topic, verdict: Verdict): void {
    this.#metrics.get('trellis_node_gossip_messages_total').inc({ topic, verdict })
  }

  /** A reason may end in free text of the system; as a label value only its kind may stay, and only so many of them. */
  #kindOf(reason: string): string {
    const kind = reason.split(':')[0]!.trim()
    if (kind.length === 0 || kind.length > 32) return 'other'
    if (!this.#reasons.has(kind) && this.#reasons.size >= MAX_REASONS) return 'other'
    this.#reasons.add(kind)
    return kind
  }

  sync(state: 'started' | 'finished', height: number, target: number): void {
    this.events.emit({ kind: 'sync', state, height, target })
  }
}
