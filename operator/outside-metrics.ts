// Feeds the series of api/metrics/testnet.ts: gauges anew before every scrape, so that those of what is gone vanish, and
// what experiments came to, once each.
import type { Registered } from '../api/metrics/registered.ts'
import { type TestnetMetrics, testnetMetrics } from '../api/metrics/testnet.ts'
import {
  experimentSamples,
  type Seen,
  type SeenExperiment,
  type SeenTestnet,
  testnetSamples,
} from './testnet/outside-view.ts'

export interface OutsideView {
  readonly testnets: readonly SeenTestnet[]
  /** Those that are not over. */
  readonly experiments: readonly SeenExperiment[]
}

export const verdicts = ['passed', 'failed', 'inconclusive', 'aborted'] as const

/** A run that is over. */
export interface Outcome {
  readonly namespace: string
  readonly testnet: string
  readonly verdict: (typeof verdicts)[number]
  /** From the end of the last fault until the testnet had healed; undefined when it had not, or that is not known. */
  readonly healMs: number | undefined
}

type Metrics = Pick<Registered<TestnetMetrics>, 'get'>
type TestnetLabels = Pick<Outcome, 'namespace' | 'testnet'>

const gauges = Object.entries(testnetMetrics).flatMap(([name, { type }]) => (type === 'gauge' ? [name as Seen] : []))

export class OutsideMetrics {
  readonly #metrics: Metrics
  /** Testnets that have counters. */
  readonly #counted = new Map<string, TestnetLabels>()

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  /** What there is now; before every scrape. Counters of a testnet begin at 0 when it is first seen, and go with it. */
  show({ testnets, experiments }: OutsideView): void {
    const { get } = this.#metrics
    for (const name of gauges) get(name).reset()
    for (const { name, labels, value } of [
      ...testnets.flatMap(testnetSamples),
      ...experiments.flatMap(experimentSamples),
    ])
      get(name).set(labels, value)
    const there = new Set(testnets.map(keyOf))
    for (const [key, labels] of this.#counted) if (!there.has(key)) this.#forget(key, labels)
    for (const testnet of testnets) this.#begin(testnet)
  }

  count({ namespace, testnet, verdict, healMs }: Outcome): void {
    const { get } = this.#metrics
    this.#begin({ namespace, testnet })
    get('trellis_experiments_total').inc({ namespace, testnet, verdict })
    if (healMs !== undefined) get('trellis_experiment_heal_seconds').observe({ namespace, testnet }, healMs / 1_000)
  }

  #begin(of: TestnetLabels): void {
    const key = keyOf(of)
    if (this.#counted.has(key)) return
    const { namespace, testnet } = of
    this.#counted.set(key, { namespace, testnet })
    for (const verdict of verdicts)
      this.#metrics.get('trellis_experiments_total').inc({ namespace, testnet, verdict }, 0)
    this.#metrics.get('trellis_experiment_heal_seconds').zero({ namespace, testnet })
  }

  #forget(key: string, labels: TestnetLabels): void {
    this.#counted.delete(key)
    for (const verdict of verdicts) this.#metrics.get('trellis_experiments_total').remove({ ...labels, verdict })
    this.#metrics.get('trellis_experiment_heal_seconds').remove(labels)
  }
}

const keyOf = ({ namespace, testnet }: TestnetLabels): string => `${namespace}/${testnet}`
