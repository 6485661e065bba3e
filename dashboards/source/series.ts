// Series of the catalogue as PromQL selectors, with the variables of the dashboards filled in. A metric or a label that
// the catalogue does not have does not compile; a rate of what is no counter does not, either.
import type { AgentMetrics } from '../../api/metrics/agent.ts'
import type { MetricDefinition, MetricDefinitions } from '../../api/metrics/definition.ts'
import type { NodeMetrics } from '../../api/metrics/node.ts'
import type { OperatorMetrics } from '../../api/metrics/operator.ts'
import type { RunnerMetrics } from '../../api/metrics/runner.ts'
import type { TestnetMetrics } from '../../api/metrics/testnet.ts'

declare const of: unique symbol
/** A selector of an instant vector, and what it is. */
export type Series<Type extends MetricDefinition['type']> = string & { readonly [of]: Type }

type Matchers<M extends MetricDefinitions, N extends keyof M> = Partial<Record<M[N]['labels'][number], string>>
type Named<M extends MetricDefinitions, T extends MetricDefinition['type']> = {
  [N in keyof M]: M[N]['type'] extends T ? N : never
}[keyof M] &
  string

/** Of one process whose metrics are in the catalogue `M`. */
interface Selectors<M extends MetricDefinitions> {
  /** A gauge; a label is given as it is, or as a regular expression after `~`. */
  gauge<N extends Named<M, 'gauge'>>(name: N, labels?: Matchers<M, N>): Series<'gauge'>
  counter<N extends Named<M, 'counter'>>(name: N, labels?: Matchers<M, N>): Series<'counter'>
  /** The series of a histogram that counts, by `le`. */
  buckets<N extends Named<M, 'histogram'>>(name: N, labels?: Matchers<M, N>): Series<'counter'>
  /** How often something was observed. */
  count<N extends Named<M, 'histogram'>>(name: N, labels?: Matchers<M, N>): Series<'counter'>
  /** The sum of what was observed. */
  sum<N extends Named<M, 'histogram'>>(name: N, labels?: Matchers<M, N>): Series<'counter'>
}

const matcher = ([label, text]: [string, string]): string =>
  text.startsWith('~') ? `${label}=~"${text.slice(1)}"` : `${label}="${text}"`

function selectors<M extends MetricDefinitions>(scope: Readonly<Record<string, string>>): Selectors<M> {
  const select = (name: string, labels: Partial<Record<string, string>> = {}): string =>
    `${name}{${Object.entries({ ...scope, ...(labels as Record<string, string>) })
      .map(matcher)
      .join(',')}}`
  return {
    gauge: (name, labels) => select(name, labels) as Series<'gauge'>,
    counter: (name, labels) => select(name, labels) as Series<'counter'>,
    buckets: (name, labels) => select(`${name}_bucket`, labels) as Series<'counter'>,
    count: (name, labels) => select(`${name}_count`, labels) as Series<'counter'>,
    sum: (name, labels) => select(`${name}_sum`, labels) as Series<'counter'>,
  }
}

const ofTestnet = { namespace: '~$namespace', testnet: '~$testnet' }
const ofNode = { ...ofTestnet, group: '~$group', node: '~$node' }

/** What the chosen nodes tell of themselves. */
export const node = selectors<NodeMetrics>(ofNode)
/** What all nodes of the testnet tell. */
export const everyNode = selectors<NodeMetrics>(ofTestnet)
/** The chosen nodes and the testnet, seen from outside. */
export const seen = selectors<TestnetMetrics>(ofTestnet)
export const seenNode = selectors<TestnetMetrics>(ofNode)
export const runner = selectors<RunnerMetrics>(ofTestnet)
export const agent = selectors<AgentMetrics>(ofNode)

/** prom-client's own, of those that are shown. */
const processMetrics = {
  process_cpu_seconds_total: { type: 'counter', labels: [], help: 'Processor time used' },
  process_resident_memory_bytes: { type: 'gauge', labels: [], help: 'Resident memory' },
  process_start_time_seconds: { type: 'gauge', labels: [], help: 'Unix time of the start' },
} as const satisfies MetricDefinitions
export const nodeProcess = selectors<typeof processMetrics>(ofNode)

/** The chosen replicas of the operator, by their addresses. */
const ofOperator = { instance: '~$operator' }
export const operator = selectors<OperatorMetrics>(ofOperator)
export const operatorProcess = selectors<typeof processMetrics>(ofOperator)

/** Per second, over as long as Grafana finds right for the scrape interval. */
export const rate = (series: Series<'counter'>): string => `rate(${series}[$__rate_interval])`
export const increase = (series: Series<'counter'>): string => `increase(${series}[$__rate_interval])`

/** `operation by (labels) (expression)`; over everything without labels. */
export const aggregate = (
  operation: 'sum' | 'min' | 'max' | 'avg' | 'count',
  by: string,
  expression: string,
): string => (by === '' ? `${operation}(${expression})` : `${operation} by (${by}) (${expression})`)
export const sum = (by: string, expression: string): string => aggregate('sum', by, expression)
export const max = (by: string, expression: string): string => aggregate('max', by, expression)
export const min = (by: string, expression: string): string => aggregate('min', by, expression)
export const avg = (by: string, expression: string): string => aggregate('avg', by, expression)

/** The quantile of a histogram's observations of late. */
export const quantile = (share: number, by: string, buckets: Series<'counter'>): string =>
  `histogram_quantile(${share}, ${sum(by === '' ? 'le' : `le, ${by}`, rate(buckets))})`

/**
 * A 0 called `none` as long as nothing of the kind has happened, so that a healthy testnet shows that it looked. Nothing
 * when `alive`, a series that is always served, is not there.
 */
export const orNone = (label: string, expression: string, alive: string): string =>
  `(${expression}) or on() label_replace(0 * count(${alive}), "${label}", "none", "", "")`
