// Registers a catalogue with prom-client: the same for node, operator, runner, agent and supervisor. A name that is not
// in the catalogue, or a label that it does not have, does not compile.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { MetricDefinition, MetricDefinitions } from './definition.ts'

type LabelOf<M extends MetricDefinitions, N extends keyof M> = M[N]['labels'][number]
type MetricOf<M extends MetricDefinitions, N extends keyof M> = M[N]['type'] extends 'counter'
  ? Counter<LabelOf<M, N>>
  : M[N]['type'] extends 'gauge'
    ? Gauge<LabelOf<M, N>>
    : Histogram<LabelOf<M, N>>
type CounterOf<M extends MetricDefinitions> = {
  [N in keyof M]: M[N]['type'] extends 'counter' ? N : never
}[keyof M] &
  string

export interface Registered<M extends MetricDefinitions> {
  /** For the content type, or for metrics that are registered otherwise. */
  readonly registry: Registry
  /** The metric of a name, with its own type and labels. */
  get<N extends keyof M & string>(name: N): MetricOf<M, N>
  /** Reads gauges when they are scraped: `set` is called, and awaited, before every answer. */
  onScrape(set: () => void | Promise<void>): void
  /** Raises a counter to a total that is kept elsewhere. A total never falls; a lower one is ignored. */
  raise<N extends CounterOf<M>>(name: N, labels: Record<LabelOf<M, N>, string>, total: number): void
  /** The whole exposition, for GET /metrics. Whoever asks while one is being made gets the same one. */
  scrape(): Promise<string>
  /** Forgets every metric. */
  stop(): void
}

/** A timer fires this often for the sake of prom-client's histogram of the event loop, in an idle process too. */
const loopResolutionMs = 50

export interface RegisterOptions {
  /** Labels of every series, prom-client's own included. */
  readonly labels?: Readonly<Record<string, string>>
  /** Adds prom-client's `process_` and `nodejs_` metrics. */
  readonly ofProcess?: boolean
}

/** Metrics of one process. Several catalogues of one process are given as one object. */
export function registerMetrics<M extends MetricDefinitions>(
  definitions: M,
  { labels = {}, ofProcess = false }: RegisterOptions = {},
): Registered<M> {
  const registry = new Registry()
  registry.setDefaultLabels({ ...labels })
  if (ofProcess) collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: loopResolutionMs })
  const metrics = new Map<string, Counter | Gauge | Histogram>()
  for (const [name, definition] of Object.entries(definitions)) {
    const metric = register(registry, name, definition)
    metrics.set(name, metric)
    if (metric instanceof Counter) for (const series of knownSeries(definition)) metric.inc(series, 0)
  }
  const scrapers: (() => void | Promise<void>)[] = []
  const totals = new Map<string, number>()
  let running: Promise<string> | undefined
  const scrape = async (): Promise<string> => {
    for (const set of scrapers) await set()
    return await registry.metrics()
  }
  return {
    registry,
    get: <N extends keyof M & string>(name: N) => metrics.get(name) as MetricOf<M, N>,
    onScrape: set => void scrapers.push(set),
    raise: (name, labels, total) => {
      const key = `${name} ${JSON.stringify(labels)}`
      const before = totals.get(key) ?? 0
      if (total < before) return
      totals.set(key, total)
      const counter = metrics.get(name) as Counter
      counter.inc(labels, total - before)
    },
    scrape: () => {
      running ??= scrape().finally(() => {
        running = undefined
      })
      return running
    },
    stop: () => registry.clear(),
  }
}

/** Every combination of the known label values; none when some label's are not known. */
export function knownSeries({ labels, values = {} }: MetricDefinition): Record<string, string>[] {
  return labels.reduce<Record<string, string>[]>(
    (series, label) => series.flatMap(known => (values[label] ?? []).map(value => ({ ...known, [label]: value }))),
    [{}],
  )
}

function register(registry: Registry, name: string, definition: MetricDefinition): Counter | Gauge | Histogram {
  const { type, help, labels, buckets } = definition
  const base = { name, help, labelNames: [...labels], registers: [registry] }
  if (type === 'counter') return new Counter(base)
  if (type === 'gauge') return new Gauge(base)
  return new Histogram({ ...base, ...(buckets && { buckets: [...buckets] }) })
}
