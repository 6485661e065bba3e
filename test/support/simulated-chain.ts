// A chain that nodes without any node program tell of: its height follows from the time, so that all agree.
import type { BlockRef, NodeStatus } from '../../api/observation.ts'

const RECENT = 64
const FINALITY_LAG = 2

export class SimulatedChain {
  readonly #startedAt = Date.now()
  readonly #intervalMs: number
  #stoppedAt: number | undefined

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  /** No block comes any more, until `go`. */
  stop(): void {
    this.#stoppedAt ??= this.height
  }

  go(): void {
    this.#stoppedAt = undefined
  }

  get height(): number {
    return this.#stoppedAt ?? Math.floor((Date.now() - this.#startedAt) / this.#intervalMs)
  }

  /** What a node of that name says. With a `fork` it is on a chain of its own since that height. */
  status(name: string, testnet: string, labels: Readonly<Record<string, string>>, fork?: ForkOf): NodeStatus {
    const { height } = this
    const block = (at: number): BlockRef => ({
      hash: `${fork && at >= fork.since ? fork.name : 'main'}${at.toString(16)}`.padEnd(64, '0'),
      height: at,
    })
    const recent = Array.from({ length: Math.min(RECENT, height + 1) }, (_, index) => block(height - index))
    const finalized = block(Math.max(0, height - FINALITY_LAG))
    return {
      name,
      testnet,
      role: labels['trellis.dev/role'] ?? '',
      group: labels['trellis.dev/group'] ?? '',
      region: 'default',
      version: '0',
      stack: 'gossipsub',
      peerId: name,
      pid: 1,
      startedAt: this.#startedAt,
      now: Date.now(),
      genesis: block(0).hash,
      head: {
        ...block(height),
        timestamp: this.#startedAt + height * this.#intervalMs,
        producer: '00',
        work: String(height),
      },
      justified: finalized,
      finalized,
      recent,
      sync: { state: 'idle', target: height },
      peers: { inbound: 2, outbound: 2 },
      mesh: { blocks: 4 },
      pool: { count: 0, bytes: 0 },
      reorgs: { count: 0, deepest: 0 },
    }
  }
}

export interface ForkOf {
  readonly name: string
  readonly since: number
}
