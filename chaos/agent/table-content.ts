// What `nft -j list …` says of our table.
import { isRecord, list } from './json.ts'
import type { TableContent } from './nft-script.ts'

export interface Count {
  readonly packets: number
  readonly bytes: number
}
export const noCount: Count = { packets: 0, bytes: 0 }

/** Names of the sets and counters. @throws SyntaxError when it is no JSON */
export function parseContent(json: string): TableContent {
  const sets = new Set<string>()
  for (const entry of entries(json)) {
    if (isRecord(entry.set)) sets.add(String(entry.set.name))
  }
  return { sets, counters: new Set(parseCounters(json).keys()) }
}

/** The named counters. @throws SyntaxError when it is no JSON */
export function parseCounters(json: string): Map<string, Count> {
  const counters = new Map<string, Count>()
  for (const { counter } of entries(json)) {
    if (!isRecord(counter)) continue
    counters.set(String(counter.name), { packets: Number(counter.packets), bytes: Number(counter.bytes) })
  }
  return counters
}

function entries(json: string): Readonly<Record<string, unknown>>[] {
  const value: unknown = JSON.parse(json)
  return isRecord(value) ? list(value.nftables).filter(isRecord) : []
}
