// A row of numbers as bars of eighths.
const bars = '▁▂▃▄▅▆▇█'

/** The last `columns` values, as high as the greatest of all of them (at least `full`); null is a blank. */
export function sparkline(values: readonly (number | null)[], columns: number, full = 1): string {
  const shown = columns > 0 ? values.slice(-columns) : []
  const top = shown.reduce<number>((most, value) => Math.max(most, value ?? 0), full)
  return shown
    .map(value => (value === null ? ' ' : bars[Math.min(7, Math.max(0, Math.round((value / top) * 7)))]))
    .join('')
}
