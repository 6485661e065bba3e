// Carries out what node/peers decides: dials, disconnects, offences and bans, over whatever stack there is.
import type { Metrics } from '../observe/metrics.ts'
import { type KeeperInit, PeerKeeper } from '../peers/keeper.ts'
import { type PeerId, type PeerInfo, RequestFailed, type Stack, type StackEvents } from '../stacks/port.ts'

/** Between two plans when nothing happens. */
const planIntervalMs = 250
/** After a loss or an offence the next plan comes this soon; several at once make one plan. */
const planSoonMs = 20

export interface PeeringParts extends KeeperInit {
  readonly stack: Stack
  readonly metrics: Metrics
  /** A clock that only runs forward. */
  readonly now: () => number
  readonly onBanned: (peer: PeerId, offence: string) => void
}

export class Peering {
  readonly keeper: PeerKeeper
  readonly #parts: PeeringParts
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Timeout | undefined

  constructor(parts: PeeringParts) {
    this.#parts = parts
    this.keeper = new PeerKeeper(parts)
  }

  start(): void {
    this.#timer = setInterval(() => this.#plan(), planIntervalMs)
    this.#plan()
  }

  stop(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#soon)
    this.#stopped.abort()
  }

  /** A peer that may not be connected now. */
  denies(peer: PeerId): boolean {
    return this.keeper.denies(peer, this.#parts.now())
  }

  /** -100..0. */
  scoreOf(peer: PeerId): number {
    return this.keeper.scores.score(peer, this.#parts.now())
  }

  discovered(...told: Parameters<StackEvents['onDiscovered']>): void {
    this.keeper.discovered(...told)
  }

  connected(peer: PeerInfo): void {
    this.keeper.connected(peer, this.#parts.now())
  }

  disconnected(peer: PeerInfo): void {
    this.keeper.disconnected(peer, this.#parts.now())
    this.#planSoon()
  }

  /** Books misbehaviour, tells the stack the new score, and drops the peer when it has gone too far. */
  offended(peer: PeerId, offence: string): void {
    const now = this.#parts.now()
    const before = this.keeper.scores.standing(peer, now)
    const standing = this.keeper.offended(peer, offence, now)
    this.#parts.metrics.get('trellis_node_offences_total').inc({ offence })
    this.#parts.stack.scored(peer, this.scoreOf(peer))
    if (standing === 'good') return
    if (standing === 'ban' && before !== 'ban') this.#parts.onBanned(peer, offence)
    this.#planSoon()
  }

  #planSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined
      this.#plan()
    }, planSoonMs)
  }

  #plan(): void {
    const { stack, now, metrics } = this.#parts
    if (this.#stopped.signal.aborted) return
    const plan = this.keeper.plan(stack.peers(), now())
    for (const { peer, reason } of plan.disconnect) void stack.disconnect(peer, reason).catch(() => undefined)
    for (const { peer, timeoutMs } of plan.connect) {
      const backoffMs = this.keeper.sinceFailure(peer.id, now())
      if (backoffMs !== null) metrics.get('trellis_node_redial_backoff_seconds').observe(backoffMs / 1_000)
      stack.connect(peer, { timeoutMs, signal: this.#stopped.signal }).then(
        () => {
          metrics.get('trellis_node_dials_total').inc({ outcome: 'ok' })
          this.keeper.dialEnded(peer.id, true, now())
        },
        error => {
          const outcome = error instanceof RequestFailed && error.code === 'timeout' ? 'timeout' : 'failed'
          metrics.get('trellis_node_dials_total').inc({ outcome })
          this.keeper.dialEnded(peer.id, false, now())
        },
      )
    }
  }
}
