// How long bytes travel between the regions of a testnet.
import { modelledLatencyMs } from './geography.ts'
import { type Coordinates, places } from './places.ts'
import type { TestnetNetwork } from './testnet.ts'
import { milliseconds } from './units.ts'

type Region = TestnetNetwork['regions'][number]

/** One way, milliseconds. */
export interface RegionLink {
  readonly delayMs: number
  readonly jitterMs: number
}

/** Where the region is: its own coordinates, its place, or the place its name names. */
function coordinatesOf({ name, place, latitude, longitude }: Region): Coordinates | undefined {
  if (latitude !== undefined && longitude !== undefined) return { latitude, longitude }
  return places.get(place ?? name)
}

export const hasCoordinates = (region: Region): boolean => coordinatesOf(region) !== undefined

/**
 * The link from one region to another: the entry for that way, else the entry for the way back, else the model of
 * api/geography.ts. Within a region it is no delay unless an entry says so. Unknown regions have no delay.
 */
export function regionLink({ regions, latency }: TestnetNetwork, from: string, to: string): RegionLink {
  const entry =
    latency.find(candidate => candidate.from === from && candidate.to === to) ??
    latency.find(candidate => candidate.from === to && candidate.to === from)
  if (entry) return { delayMs: milliseconds(entry.delay), jitterMs: milliseconds(entry.jitter) }
  if (from === to) return { delayMs: 0, jitterMs: 0 }
  const [a, b] = [from, to]
    .map(name => regions.find(region => region.name === name))
    .map(region => region && coordinatesOf(region))
  return { delayMs: a && b ? modelledLatencyMs(a, b) : 0, jitterMs: 0 }
}
