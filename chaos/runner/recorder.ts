// Gathers the record of a run while it goes on, within the record's bounds.
import type { NodeEvent, NodeStatus } from '../../api/observation.ts'
import {
  type Canary,
  digestSchema,
  type FaultWindow,
  MAX_EVENTS,
  MAX_SAMPLES,
  type PhaseName,
  RUN_VERSION,
  type RunRecord,
  type StatusDigest,
} from '../../api/run.ts'
import type { RunRound } from '../verdict/observations.ts'
import type { Checkpoint } from './checkpoint.ts'

const MAX_NOTES = 1_000

type Growing<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] }

export class Recorder {
  readonly record: Growing<RunRecord>
  readonly #recent = new Map<string, readonly string[]>()
  readonly #now: () => number

  /** `checkpoint` is where the record of an earlier runner is taken up. */
  constructor(
    facts: Pick<RunRecord, 'experiment' | 'testnet' | 'injector' | 'canaryAccounts'>,
    now: () => number,
    checkpoint?: Checkpoint,
  ) {
    this.#now = now
    this.record = {
      version: RUN_VERSION,
      ...facts,
      phases: [],
      steady: false,
      aborted: null,
      windows: [],
      samples: [],
      events: [],
      gaps: [],
      canaries: [],
      notes: [],
    }
    if (checkpoint) {
      const { baseline, during, ...taken } = structuredClone(checkpoint)
      Object.assign(this.record, taken, { samples: [...baseline, ...during] })
      this.note('another runner went on from here: most samples between the steady state and this are missing')
    }
  }

  phase(phase: PhaseName): void {
    this.record.phases.push({ phase, at: this.#now() })
  }

  note(text: string): void {
    if (this.record.notes.length < MAX_NOTES) this.record.notes.push(text)
  }

  window(window: FaultWindow): FaultWindow {
    this.record.windows.push(window)
    return window
  }

  canary(canary: Canary): Canary {
    this.record.canaries.push(canary)
    return canary
  }

  event(node: string, event: NodeEvent): void {
    if (this.record.events.length < MAX_EVENTS) this.record.events.push({ node, event })
    else this.gap(node, event.at, event.at)
  }

  /** Times in which events may be missing; touching ones of a node become one. */
  gap(node: string, from: number, to: number): void {
    const last = this.record.gaps.findLast(gap => gap.node === node)
    if (last && from <= last.to + 1_000) last.to = Math.max(last.to, to)
    else if (this.record.gaps.length < MAX_NOTES) this.record.gaps.push({ node, from: Math.min(from, to), to })
  }

  /** Records one round of answers and returns it as the judge will see it. */
  round(
    round: number,
    answers: readonly { readonly node: string; readonly at: number; readonly status: NodeStatus | null }[],
  ): RunRound {
    const digests = new Map<string, StatusDigest>()
    const answeredAt = new Map<string, number>()
    const views: RunRound['views'][number][] = []
    const silent: string[] = []
    for (const { node, at, status } of answers) {
      const digest = status ? digestOf(status) : null
      if (!digest) silent.push(node)
      else {
        digests.set(node, digest)
        answeredAt.set(node, at)
        views.push({ name: node, height: digest.head.height, recent: digest.recent ?? [] })
      }
      if (this.record.samples.length < MAX_SAMPLES)
        this.record.samples.push({ round, at, node, status: digest ? this.#withoutKnownRecent(node, digest) : null })
    }
    return { round, at: Math.max(...answers.map(({ at }) => at)), views, silent, digests, answeredAt }
  }

  /** The main chain's last blocks are recorded only when the head changed: they are most of a record's size. */
  #withoutKnownRecent(node: string, digest: StatusDigest): StatusDigest {
    const known = this.#recent.get(node)
    if (!digest.recent || known?.[0] !== digest.head.hash) {
      this.#recent.set(node, digest.recent ?? [])
      return digest
    }
    const { recent: _, ...rest } = digest
    return rest
  }
}

/** null when what the node answered is no status: it counts as silent. */
function digestOf(status: NodeStatus): StatusDigest | null {
  try {
    const { pid, startedAt, now, head, finalized, peers, mesh, pool, reorgs } = status
    return digestSchema.parse({
      pid,
      startedAt,
      head,
      finalized,
      mesh,
      reorgs,
      clock: now,
      recent: recentHashes(status),
      peers: peers.inbound + peers.outbound,
      pool: pool.count,
    })
  } catch {
    return null
  }
}

/** Hashes from the head down without a hole, whether or not the node lists its head among the recent blocks. */
function recentHashes({ head, recent }: NodeStatus): string[] {
  const hashes = [head.hash]
  for (const block of recent) {
    if (block.height === head.height - hashes.length) hashes.push(block.hash)
  }
  return hashes.slice(0, 64)
}
