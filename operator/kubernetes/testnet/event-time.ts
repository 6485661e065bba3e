// When a warning was true.
import type { Event } from '../runtime/resource.ts'

/** When something was last seen of it, milliseconds since the epoch. */
export const eventTime = ({ series, eventTime: first, deprecatedLastTimestamp, metadata }: Event): number =>
  Date.parse(series?.lastObservedTime ?? deprecatedLastTimestamp ?? first ?? metadata.creationTimestamp ?? '') || 0
