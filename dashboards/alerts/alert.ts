// What an alert is, and the pieces of PromQL that several share. A metric or label that the catalogue does not have does
// not compile.
import type { AgentMetrics } from '../../api/metrics/agent.ts'
import type { NodeMetrics } from '../../api/metrics/node.ts'
import type { OperatorMetrics } from '../../api/metrics/operator.ts'
import type { TestnetMetrics } from '../../api/metrics/testnet.ts'

type Catalogue = NodeMetrics & TestnetMetrics & OperatorMetrics & AgentMetrics
/** Every series has these from its scrape besides its own. */
type ScrapeLabel = 'namespace' | 'testnet' | 'group' | 'node' | 'le'
type LabelOf<N extends keyof Catalogue> = Catalogue[N]['labels'][number] | ScrapeLabel

export interface Alert {
  readonly name: string
  /** critical: the testnet does not do what it is for. warning: it soon may not. info: worth a look. */
  readonly severity: 'critical' | 'warning' | 'info'
  readonly expression: string
  /** How long the expression must hold, as Prometheus writes durations; at once without. */
  readonly for?: string
  /** One line; Prometheus' templates name the series. */
  readonly summary: string
  readonly description: string
}

export interface AlertGroup {
  readonly name: string
  readonly alerts: readonly Alert[]
}

/** The series of a metric, those whose labels match: `{ namespace: '!="local"' }`. */
export function series<N extends keyof Catalogue>(name: N, matchers: Partial<Record<LabelOf<N>, string>> = {}): string {
  const list = Object.entries(matchers).map(([label, match]) => `${label}${match}`)
  return list.length === 0 ? name : `${name}{${list.join(',')}}`
}

/** A histogram's series of that ending; `bucket` those that end at the bound. */
export function histogram<N extends keyof Catalogue>(name: N, part: 'count' | { readonly bound: number }): string {
  if (part === 'count') return `${name}_count`
  // Prometheus 3 writes the bound of a whole number with a decimal place, 2 without.
  return `${name}_bucket{le=~"${part.bound}(\\\\.0)?"}`
}

export const ofTestnet = 'namespace, testnet'
export const byTestnet = (operation: 'min' | 'max' | 'sum' | 'count', expression: string): string =>
  `${operation} by (${ofTestnet}) (${expression})`

const end = series('trellis_experiment_end_timestamp_seconds')
/** While an experiment of ours is on the testnet, what it breaks is no news; past its deadline it is. */
export const unlessAnnounced = `unless on (${ofTestnet}) ${end} > time()`
/** The same for what is looked back at: an experiment that was on the testnet meanwhile. */
export const unlessAnnouncedWithin = (window: string): string =>
  `unless on (${ofTestnet}) last_over_time(${end}[${window}])`

/** Of one testnet, in the templates of texts. */
export const theTestnet = 'Testnet {{ $labels.namespace }}/{{ $labels.testnet }}'
export const theNode = 'Node {{ $labels.node }} of testnet {{ $labels.namespace }}/{{ $labels.testnet }}'
