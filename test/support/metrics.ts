// A node's /metrics as numbers.

export type ReadMetric = (name: string, labels?: Readonly<Record<string, string>>) => number

/** Every series of a node's /metrics as it stands there, without its value: `name{labels}`. */
export async function series(statusUrl: string): Promise<string[]> {
  const response = await fetch(`${statusUrl}/metrics`, { signal: AbortSignal.timeout(10_000) })
  const lines = (await response.text()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return lines.map(line => line.slice(0, line.lastIndexOf(' ')))
}

/** Scrapes once. The function returned sums the series of a metric that have these labels; 0 when there is none. */
export async function scrape(statusUrl: string): Promise<ReadMetric> {
  const response = await fetch(`${statusUrl}/metrics`, { signal: AbortSignal.timeout(10_000) })
  const lines = (await response.text()).split('\n')
  return (name, labels = {}) => {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
    const series = lines.filter(line => line.startsWith(`${name}{`) && wanted.every(label => line.includes(label)))
    return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }
}
