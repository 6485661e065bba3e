// What the catalogue of metrics says of each. A metric that is not in it does not exist: processes register theirs from
// it, dashboards and alerts are checked against it. Naming follows https://prometheus.io/docs/practices/naming/.

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** Base unit, which also ends the name (before `_total`); absent for plain counts and ratios of things. */
  readonly unit?: 'seconds' | 'bytes'
  readonly labels: readonly string[]
  /** All values of labels whose values are known beforehand. A counter that has them for each label begins at 0 in every series. */
  readonly values?: Readonly<Record<string, readonly string[]>>
  readonly help: string
  /** Upper bounds of a histogram's buckets, in its unit. */
  readonly buckets?: readonly number[]
}

export type MetricDefinitions = Readonly<Record<string, MetricDefinition>>
