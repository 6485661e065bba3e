// Watches the heights of a testnet's nodes while a case does something to it.
import { setTimeout as delay } from 'node:timers/promises'
import { isReady } from '../../operator/kubernetes/testnet/pods.ts'
import type { RunningTestnet } from './testnets.ts'
import { until } from './until.ts'

const EVERY_MS = 500
/** A node that takes longer is silent. */
const WITHIN_MS = 2_000

export class Heights {
  readonly #testnet: RunningTestnet
  readonly #stop = new AbortController()
  readonly #work: Promise<void>
  #highest = 0
  #first: number | undefined
  #changedAt = performance.now()
  #longestStandstillMs = 0
  #mostUnready = 0
  #most = 0

  constructor(testnet: RunningTestnet) {
    this.#testnet = testnet
    this.#work = this.#watch()
  }

  /** Nodes that were not ready, or not there, at the worst moment. */
  get mostUnready(): number {
    return this.#mostUnready
  }

  async untilGrown(blocks: number, withinMs: number): Promise<void> {
    const from = this.#highest
    await until(
      `${blocks} more blocks than ${from}`,
      { withinMs, describe: () => `now ${this.#highest}` },
      () => this.#highest >= from + blocks,
    )
  }

  /** How long the highest head stood still at most, and by how many blocks it grew. */
  async end(): Promise<{ longestStandstillMs: number; heads: number }> {
    this.#stop.abort()
    await this.#work
    this.#seen(this.#highest)
    return { longestStandstillMs: Math.round(this.#longestStandstillMs), heads: this.#highest - (this.#first ?? 0) }
  }

  #seen(height: number): void {
    const now = performance.now()
    this.#longestStandstillMs = Math.max(this.#longestStandstillMs, now - this.#changedAt)
    if (height <= this.#highest) return
    this.#first ??= height
    this.#highest = height
    this.#changedAt = now
  }

  async #watch(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const pods = await this.#testnet.pods()
      this.#most = Math.max(this.#most, pods.length)
      this.#mostUnready = Math.max(this.#mostUnready, this.#most - pods.filter(isReady).length)
      const names = pods.map(({ metadata }) => metadata.name.slice(this.#testnet.name.length + 1))
      const statuses = await Promise.all(
        names.map(name => this.#testnet.nodeStatus(name, WITHIN_MS).catch(() => undefined)),
      )
      const answers = statuses.filter(status => status !== undefined)
      this.#seen(Math.max(0, ...answers.map(({ head }) => head.height)))
      await delay(EVERY_MS, undefined, { signal: this.#stop.signal }).catch(() => {})
    }
  }
}
