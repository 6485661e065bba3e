// What a benchmark returns: figures, each beside what it is measured against in the same run.

export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What the hardware or the network would allow, in the same unit, measured in the same run unless `note` says so. */
  readonly floor?: number
  /** value / floor. For rates 1 is perfect and less is worse; for times 1 is perfect and more is worse. */
  readonly ratio?: number
  /** What the project set out to reach, as text: `<= 2 s`. */
  readonly aim?: string
  /** A published or measured figure of another project for the same thing. */
  readonly peer?: { readonly name: string; readonly value: number }
  readonly note?: string
}

export interface BenchOptions {
  /** The whole measurement instead of the version of a few minutes. */
  readonly long: boolean
  /** Progress, for people. */
  readonly say: (line: string) => void
}

export type Bench = (options: BenchOptions) => Promise<Row[]>

/** A row against its floor. */
export const against = (floor: number, row: Omit<Row, 'floor' | 'ratio'>): Row => ({
  ...row,
  floor,
  ratio: row.value / floor,
})

/** Nearest-rank percentile, 0 < p <= 100. NaN of nothing. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN
}

export const median = (values: readonly number[]): number => percentile(values, 50)
