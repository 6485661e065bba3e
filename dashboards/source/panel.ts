// What a dashboard consists of, before Grafana's own words for it.

/** On a testnet where nothing is wrong there is data, or there need not be, for a reason. */
export type Shows =
  | 'healthy'
  /** Only while or after an experiment breaks something. */
  | { readonly faults: string }
  /** Only in a cluster, where somebody else serves it. */
  | { readonly cluster: string }

/** Units of Grafana that are used. `short` is a plain number. */
export type Unit = 'short' | 's' | 'bytes' | 'Bps' | 'cps' | 'ops' | 'reqps' | 'percentunit' | 'none'

/** A range of values, in words as well as by colour. Bounds are included; null is without end. */
export interface Meaning {
  readonly from: number | null
  readonly to: number | null
  readonly text: string
  readonly color: Color
}
export type Color = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'purple' | 'gray' | 'semi-dark-orange'

export interface Target {
  readonly expression: string
  /** What a line is called; `{{label}}` stands for the label's text. */
  readonly legend: string
}

export interface PanelSource {
  readonly kind: 'lines' | 'number' | 'states' | 'heat' | 'table'
  readonly title: string
  /** What it shows, and what to think of it. */
  readonly description: string
  readonly unit: Unit
  readonly targets: readonly Target[]
  readonly shows: Shows
  /** Columns of 24. */
  readonly width: number
  /** What values mean: instead of the number (`states`), or beside it (`number`). */
  readonly meanings?: readonly Meaning[]
  /** Lines are on top of each other, and their sum is the outline. */
  readonly stacked?: boolean
  /** Values may be below 0. */
  readonly signed?: boolean
}

export interface RowSource {
  readonly title: string
  readonly panels: readonly PanelSource[]
}

export interface DashboardSource {
  /** Never changes: links, bookmarks and provisioning rest on it. */
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly variables: readonly ('namespace' | 'testnet' | 'group' | 'node' | 'operator')[]
  readonly rows: readonly RowSource[]
}

type Given = Omit<PanelSource, 'kind' | 'shows' | 'width' | 'targets'> & {
  readonly shows?: Shows
  readonly width?: number
  /** Expression by legend. */
  readonly of: Readonly<Record<string, string>>
}

const panel =
  (kind: PanelSource['kind'], usualWidth: number) =>
  ({ of, shows = 'healthy', width = usualWidth, ...rest }: Given): PanelSource => ({
    kind,
    ...rest,
    shows,
    width,
    targets: Object.entries(of).map(([legend, expression]) => ({ legend, expression })),
  })

/** Values over time. */
export const lines = panel('lines', 8)
/** The latest value, large; with `meanings` a word stands beside it. */
export const number = panel('number', 4)
/** A band for each series, coloured and lettered by what its value means. */
export const states = panel('states', 24)
/** A histogram over time. The expression gives its buckets by `le`. */
export const heat = panel('heat', 8)
/** The labels of series as rows. */
export const table = panel('table', 24)
