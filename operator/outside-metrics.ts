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

/** A run that is over. */
export interface Outcome {
  readonly namespace: string
  readonly testnet: string
  readonly verdict: 'passed' | 'failed' | 'inconclusive' | 'aborted'
  /** From the end of the last fault until the testnet had healed; undefined when it had not, or that is not known. */
  readonly healMs: number | undefined
}

type Metrics = Pick<Registered<TestnetMetrics>, 'get'>

const gauges = Object.entries(testnetMetrics).flatMap(([name, { type }]) => (type === 'gauge' ? [name as Seen] : []))

export function showOutside({ get }: Metrics, { testnets, experiments }: OutsideView): void {
  for (const name of gauges) get(name).reset()
  for (const { name, labels, value } of [
    ...testnets.flatMap(testnetSamples),
    ...experiments.flatMap(experimentSamples),
  ])
    get(name).set(labels, value)
}

export function countOutcome({ get }: Metrics, { namespace, testnet, verdict, healMs }: Outcome): void {
  get('trellis_experiments_total').inc({ namespace, testnet, verdict })
  if (healMs !== undefined) get('trellis_experiment_heal_seconds').observe({ namespace, testnet }, healMs / 1_000)
}
