// Registers the metrics of the catalogue (api/metrics/node.ts) with prom-client. A name that is not there does not compile.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricDefinition } from '../../api/metrics/definition.ts'
import { type NodeMetricName, type NodeMetrics, nodeMetrics } from '../../api/metrics/node.ts'

type LabelOf<N extends NodeMetricName> = NodeMetrics[N]['labels'][number]
type MetricOf<N extends NodeMetricName> = NodeMetrics[N]['type'] extends 'counter'
  ? Counter<LabelOf<N>>
  : NodeMetrics[N]['type'] extends 'gauge'
    ? Gauge<LabelOf<N>>
    : Histogram<LabelOf<N>>

type NamesOf<T extends MetricDefinition['type']> = {
  [N in NodeMetricName]: NodeMetrics[N]['type'] extends T ? N : never
}[NodeMetricName]

export interface Metrics {
  readonly registry: Registry
  /** The metric of a name, with its own type and labels. */
  get<N extends NodeMetricName>(name: N): MetricOf<N>
  /** Reads gauges when they are scraped: `set` is called before every answer. */
  onScrape(set: () => void): void
  /** Raises a counter to a total that is kept elsewhere. A total never falls; a lower one is ignored. */
  raise<N extends NamesOf<'counter'>>(name: N, labels: Record<LabelOf<N>, string>, total: number): void
  /** The whole exposition, for GET /metrics. */
  scrape(): Promise<string>
  stop(): void
}

/** A timer fires this often for the histogram's sake, in an idle node too. */
const lagResolutionMs = 50

/** Metrics of one node; `labels` are on every one. */
export function createMetrics(labels: Readonly<Record<string, string>> = {}): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ ...labels })
  collectDefaultMetrics({ register: registry })
  const metrics = new Map<string, unknown>()
  for (const [name, definition] of Object.entries<MetricDefinition>(nodeMetrics)) {
    metrics.set(name, register(registry, name, definition))
  }
  const get = <N extends NodeMetricName>(name: N): MetricOf<N> => metrics.get(name) as MetricOf<N>

  const scrapers: (() => void)[] = []
  const totals = new Map<string, number>()
  const delay = monitorEventLoopDelay({ resolution: lagResolutionMs })
  delay.enable()
  const lag = get('trellis_node_event_loop_lag_seconds')

  return {
    registry,
    get,
    onScrape: set => scrapers.push(set),
    raise: (name, labels, total) => {
      const key = `${name} ${JSON.stringify(labels)}`
      const before = totals.get(key) ?? 0
      if (total < before) return
      totals.set(key, total)
      const counter = metrics.get(name) as Counter
      counter.inc(labels, total - before)
    },
    scrape: async () => {
      for (const set of scrapers) set()
      // The histogram counts whole intervals of the timer, whose resolution is not lag.
      for (const [quantile, percent] of [
        ['0.5', 50],
        ['0.99', 99],
      ] as const) {
        lag.set({ quantile }, Math.max(0, delay.percentile(percent) / 1e9 - lagResolutionMs / 1_000))
      }
      delay.reset()
      return await registry.metrics()
    },
    stop: () => {
      delay.disable()
      registry.clear()
    },
  }
}

function register(registry: Registry, name: string, definition: MetricDefinition): unknown {
  const { type, help, labels, buckets } = definition
  const base = { name, help, labelNames: [...labels], registers: [registry] }
  if (type === 'counter') return new Counter(base)
  if (type === 'gauge') return new Gauge(base)
  return new Histogram({ ...base, ...(buckets && { buckets: [...buckets] }) })
}
