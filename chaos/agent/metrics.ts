// What the agent tells of itself at /metrics (api/metrics/agent.ts). Whoever reaches its port may read it: numbers only.
import { agentMetrics } from '../../api/metrics/agent.ts'
import { type Registered, registerMetrics } from '../../api/metrics/registered.ts'
import { type Meter, Tally } from './tally.ts'

/** Reading the kernel's counters starts processes: nobody can make the agent do it more often than that. */
const READ_EVERY_MS = 1_000

export interface Held {
  readonly rows: number
  /** When the last lease ends, milliseconds since the epoch; 0 without one. */
  readonly until: number
}

export class AgentMeters {
  readonly #registered: Registered<typeof agentMetrics> = registerMetrics(agentMetrics)
  readonly #tally = new Tally()

  /** `held` and `read` are asked for every answer, the second at most once a second. Failures leave what was known. */
  constructor(held: () => Held, read: () => Promise<ReadonlyMap<string, Meter>>) {
    let readAt = Number.NEGATIVE_INFINITY
    this.#registered.onScrape(async () => {
      const { rows, until } = held()
      this.#registered.get('trellis_agent_rows').set(rows)
      this.#registered.get('trellis_agent_lease_end_timestamp_seconds').set(until / 1_000)
      if (performance.now() - readAt < READ_EVERY_MS) return
      readAt = performance.now()
      const meters = await read().catch(() => undefined)
      if (meters) this.counted(meters)
    })
  }

  /** The kernel's counters as they are now: also read before any of them goes. */
  counted(meters: ReadonlyMap<string, Meter>): void {
    this.#tally.see(meters)
    const { raise } = this.#registered
    for (const direction of ['in', 'out'] as const)
      raise('trellis_agent_packets_dropped_total', { direction }, this.#tally.total(direction))
    raise('trellis_agent_packets_shaped_total', {}, this.#tally.total('shaped'))
  }

  renewed(): void {
    this.#registered.get('trellis_agent_lease_renewals_total').inc()
  }

  lapsed(leases: number): void {
    this.#registered.get('trellis_agent_leases_lapsed_total').inc(leases)
  }

  applied(ms: number): void {
    this.#registered.get('trellis_agent_apply_seconds').observe(ms / 1_000)
  }

  /** `code`: of the answer's error, one of the server's own. */
  refused(code: string): void {
    this.#registered.get('trellis_agent_requests_refused_total').inc({ code })
  }

  scrape(): Promise<string> {
    return this.#registered.scrape()
  }
}
