// Latency from geography, for regions whose latency nobody wrote down.
import type { Coordinates } from './places.ts'

const EARTH_RADIUS_KM = 6_371
/** Light in glass: c over the refractive index of fibre, 299.79 / 1.468. */
const FIBRE_KM_PER_MS = 204
/** Cables follow coasts and land rights, not great circles. Least squares of log error over the 78 pairs named below. */
const PATH_STRETCH = 1.58
/** Last miles, routers and serialisation, whatever the distance. From the same fit. */
const FLOOR_MS = 2.5

/** Great-circle distance in kilometres (haversine). */
export function distanceKm(a: Coordinates, b: Coordinates): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180
  const latitude = radians(b.latitude - a.latitude)
  const longitude = radians(b.longitude - a.longitude)
  const h =
    Math.sin(latitude / 2) ** 2 +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(longitude / 2) ** 2
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)))
}

/**
 * Modelled one-way latency in milliseconds, to a tenth: 2.5 ms + 1.58 x great circle / (204 km/ms).
 *
 * Against the one-way figures of CometBFT's AWS table (13 regions, 78 pairs, 2023-11-29) the error is 11 % in the
 * median, 32 % at the 90th percentile and 46 % at worst: Europe to Japan and Korea is really slower (cables go round
 * by Suez or America), the American west coast to Sydney really faster. Where that matters, write the latency down.
 * api/geography.fixture.ts holds a sample of the figures, the worst among them.
 */
export function modelledLatencyMs(a: Coordinates, b: Coordinates): number {
  return Math.round((FLOOR_MS + (PATH_STRETCH * distanceKm(a, b)) / FIBRE_KM_PER_MS) * 10) / 10
}
