// What the runner tells of itself at /metrics while it runs (api/metrics/runner.ts). Fed from what the run tells anyway
// and from the holders of its rows, so that the run knows nothing of it.
import { type Registered, registerMetrics } from '../../../api/metrics/registered.ts'
import { runnerMetrics } from '../../../api/metrics/runner.ts'
import type { FaultProgress } from '../../../chaos/runner/progress.ts'
import type { Holder } from '../../../chaos/runner/target.ts'
import type { RunnerStatus } from './outcome.ts'

export interface RunLabels {
  readonly namespace: string
  readonly experiment: string
}

export class RunnerMeters {
  readonly #registered: Registered<typeof runnerMetrics>
  readonly #labels: RunLabels
  /** Of each fault that is held by nodes: when it was first put at each. */
  readonly #puts = new Map<string, Map<string, number>>()
  readonly #now: () => number

  /** `now`: monotonic milliseconds. */
  constructor(labels: RunLabels, now: () => number = () => performance.now()) {
    this.#registered = registerMetrics(runnerMetrics, { labels: { ...labels }, ofProcess: true })
    this.#labels = labels
    this.#now = now
  }

  /** Said once it is known. */
  set testnet(testnet: string) {
    this.#registered.registry.setDefaultLabels({ ...this.#labels, testnet })
  }

  scrape(): Promise<string> {
    return this.#registered.scrape()
  }

  /** `kinds`: by name of the fault. */
  show(faults: readonly FaultProgress[], told: RunnerStatus['faults'], kinds: ReadonlyMap<string, string>): void {
    const active = this.#registered.get('trellis_runner_faults_active')
    for (const { name: fault, state } of faults)
      active.set({ fault, kind: kinds.get(fault) ?? '' }, state === 'active' || state === 'lifting' ? 1 : 0)
    const targets = this.#registered.get('trellis_runner_targets')
    for (const { name: fault, targets: selected, injected, recovered } of told ?? []) {
      targets.set({ fault, state: 'selected' }, selected)
      targets.set({ fault, state: 'injected' }, injected)
      targets.set({ fault, state: 'recovered' }, recovered)
    }
  }

  /** The same holder, counted. `faults`: names by the ids of their rows or skews. */
  metered<Item extends { readonly id: string; readonly endsAt: number }>(
    holder: Holder<Item>,
    faults: ReadonlyMap<string, string>,
  ): Holder<Item> {
    return {
      put: async (node, item, options) => {
        const fault = faults.get(item.id) ?? ''
        const puts = this.#puts.get(fault) ?? new Map<string, number>()
        this.#puts.set(fault, puts)
        const renews = puts.has(node)
        const renewals = this.#registered.get('trellis_runner_lease_renewals_total')
        try {
          await holder.put(node, item, options)
        } catch (error) {
          if (renews) renewals.inc({ outcome: 'failed' })
          throw error
        }
        if (renews) return renewals.inc({ outcome: 'renewed' })
        puts.set(node, this.#now())
        const times = [...puts.values()]
        const skewMs = times.reduce((a, b) => Math.max(a, b)) - times.reduce((a, b) => Math.min(a, b))
        this.#registered.get('trellis_runner_injection_skew_seconds').set({ fault }, skewMs / 1_000)
      },
      end: (node, id, options) => holder.end(node, id, options),
      inForce: (node, options) => holder.inForce(node, options),
    }
  }
}
