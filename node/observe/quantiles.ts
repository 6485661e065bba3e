/** Nearest-rank quantiles (0 to 1) of the values, in the order of `wanted`; empty for no values. */
export function quantiles(values: readonly number[], wanted: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b)
  if (sorted.length === 0) return []
  return wanted.map(quantile => sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)]!)
}
