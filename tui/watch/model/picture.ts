// What a feed tells the dashboard: whole pictures, never differences, so that one that is lost costs nothing.
import type { BlockRef, NodeEvent, PeerStatus } from '../../../api/observation.ts'
import type { NodeRow } from '../../model/node-rows.ts'
import type { HeadSummary, TestnetReport } from '../../model/testnet-summary.ts'

/** A node with what its table shows beyond `trellis nodes`; null where the source does not tell. */
export interface WatchedNode extends NodeRow {
  /** Mesh peers of the topic with the fewest. */
  readonly mesh: number | null
  readonly stack: string | null
  readonly version: string | null
  readonly justified: BlockRef | null
}

/** Mesh peers of the topic with the fewest; null of none. */
export function fewest(meshes: WatchedNode['meshes']): number | null {
  const sizes = Object.values(meshes ?? {})
  return sizes.length === 0 ? null : Math.min(...sizes)
}

/** A fault as the dashboard shows it. Times are milliseconds since the epoch. */
export interface WatchedFault {
  readonly name: string
  readonly state: string
  readonly until: number | null
  readonly targets: number
  /** Sizes of the sides of a partition; empty for other faults. */
  readonly sides: readonly number[]
}

/** What happened in an experiment, or is due to. `at`: milliseconds since the epoch. */
export interface TimelineEntry {
  readonly at: number
  readonly text: string
}

export interface WatchedExperiment {
  readonly name: string
  readonly testnet: string
  readonly phase: string
  readonly message: string
  readonly startedAt: number | null
  /** When the phase gives up or ends; null when nobody knows. */
  readonly until: number | null
  readonly over: boolean
  readonly faults: readonly WatchedFault[]
  /** Findings that decided, one line each. */
  readonly verdict: readonly string[]
  /** The oldest first. */
  readonly timeline: readonly TimelineEntry[]
}

/** One testnet at one moment. */
export interface TestnetPicture {
  readonly at: number
  readonly report: TestnetReport
  readonly nodes: readonly WatchedNode[]
  readonly experiments: readonly WatchedExperiment[]
  /** What is odd about the source; empty when nothing is. */
  readonly note?: string
}

/** An experiment that can be started. */
export interface LibraryEntry {
  readonly name: string
  readonly file: string
  /** Names and durations. */
  readonly faults: string
  /** What it does, for people. */
  readonly says: string
}

export interface WatchedBlock {
  readonly hash: string
  readonly height: number
  readonly parent: string
  /** Public key, hex. */
  readonly producer: string
  /** Producer's clock, milliseconds since the epoch. */
  readonly timestamp: number
  readonly transactions: number
  readonly finalized: boolean
  /** Heads (hashes) of the groups on whose chain it is. */
  readonly heads: readonly string[]
}

export interface NodeDetail {
  readonly at: number
  readonly node: string
  readonly peers: readonly PeerStatus[]
  /** Why there are no peers to show; empty when there are. */
  readonly peersError: string
  /** Last lines, oldest first. */
  readonly log: readonly string[]
}

export type FeedEvent =
  | {
      readonly kind: 'testnets'
      readonly at: number
      readonly reports: readonly TestnetReport[]
      readonly note: string
    }
  | { readonly kind: 'testnet'; readonly picture: TestnetPicture }
  | { readonly kind: 'detail'; readonly detail: NodeDetail }
  | {
      readonly kind: 'blocks'
      readonly at: number
      readonly testnet: string
      readonly blocks: readonly WatchedBlock[]
    }
  | { readonly kind: 'library'; readonly entries: readonly LibraryEntry[] }
  | { readonly kind: 'node-event'; readonly testnet: string; readonly node: string; readonly event: NodeEvent }
  /** The source does not answer; what is on screen is what it said last. */
  | { readonly kind: 'lost'; readonly at: number; readonly reason: string }

/** What the view on top needs. */
export interface Focus {
  readonly testnet: string | undefined
  readonly node: string | undefined
  readonly blocks: boolean
}

/** The key under which a testnet is chosen. */
export const keyOf = ({ namespace, name }: Pick<TestnetReport, 'namespace' | 'name'>): string =>
  namespace === '' ? name : `${namespace}/${name}`

export type { HeadSummary }
