// What must outlive a runner so that another can go on: the record without its bulk. Small enough for an object's status
// or a ConfigMap: a few kilobytes, and some hundred bytes a node.
import { z } from 'zod'
import { type RunRecord, runRecordSchema, type Sample } from '../../api/run.ts'

const MAX_KEPT_SAMPLES = 1_000

export const checkpointSchema = runRecordSchema
  .pick({ version: true, phases: true, steady: true, windows: true, canaries: true, notes: true })
  .extend({
    /** The last round of the steady state: what peers, meshes and processes were before the faults. */
    baseline: z.array(runRecordSchema.shape.samples.element).max(MAX_KEPT_SAMPLES),
    /** The last round of each fault until now: whether its sides had parted. Of checkpoints of old there is none. */
    during: z.array(runRecordSchema.shape.samples.element).max(MAX_KEPT_SAMPLES).default([]),
  })
export type Checkpoint = z.infer<typeof checkpointSchema>

/** Notes are for people; the last ones will do. */
const MAX_KEPT_NOTES = 32
/** About a hundred bytes each; of more, the newest windows have theirs. Without them a finding says that it was not measured. */
const MAX_KEPT_LINKS = 2_000

export function checkpointOf(record: RunRecord): Checkpoint {
  const { version, phases, steady, windows, canaries, notes } = record
  return structuredClone({
    version,
    phases,
    steady,
    windows: withinLinks(windows),
    canaries,
    notes: notes.slice(-MAX_KEPT_NOTES),
    baseline: baselineOf(record),
    during: lastRounds(record),
  })
}

function withinLinks(windows: RunRecord['windows']): RunRecord['windows'] {
  let left = MAX_KEPT_LINKS
  return windows
    .toReversed()
    .map(window => {
      left -= window.counters.reduce((sum, { links }) => sum + links.length, 0)
      return left >= 0 ? window : { ...window, counters: [] }
    })
    .toReversed()
}

/** Of each window the last round before it was lifted, numbered from 1; the newest windows' where not all fit. */
function lastRounds({ samples, windows }: RunRecord): Sample[] {
  const rounds = new Map<number, Sample[]>()
  const recents = new Map<string, readonly string[]>()
  for (const sample of samples) {
    if (sample.status?.recent) recents.set(sample.node, sample.status.recent)
    const recent = [...(recents.get(sample.node) ?? [])]
    const whole = { ...sample, status: sample.status && { ...sample.status, recent } }
    rounds.set(sample.round, [...(rounds.get(sample.round) ?? []), whole])
  }
  const inOrder = [...rounds].sort(([a], [b]) => a - b)
  const chosen = new Map<number, Sample[]>()
  let left = MAX_KEPT_SAMPLES
  for (const { injectedAt, liftedAt } of windows.toReversed()) {
    const within = ({ at }: Sample): boolean => injectedAt !== null && at > injectedAt && at < (liftedAt ?? Infinity)
    const last = inOrder.findLast(([, round]) => round.every(within) && round.some(({ status }) => status !== null))
    if (!last || chosen.has(last[0])) continue
    left -= last[1].length
    if (left < 0) break
    chosen.set(...last)
  }
  return [...chosen]
    .sort(([a], [b]) => a - b)
    .flatMap(([, round], index) => round.map(sample => ({ ...sample, round: index + 1 })))
}

function baselineOf({ samples, phases }: RunRecord): Sample[] {
  const injecting = phases.find(({ phase }) => phase === 'inject')?.at
  if (injecting === undefined) return []
  const last = samples.findLast(({ at }) => at <= injecting)?.round
  const recents = new Map<string, readonly string[]>()
  const baseline: Sample[] = []
  for (const sample of samples) {
    if (last === undefined || sample.round > last) break
    if (sample.status?.recent) recents.set(sample.node, sample.status.recent)
    if (sample.round !== last || sample.at > injecting) continue
    // The two newest tell which chain it was; the judge needs no more of a round this old.
    const recent = (recents.get(sample.node) ?? []).slice(0, 2)
    baseline.push({ ...sample, round: 0, status: sample.status && { ...sample.status, recent } })
  }
  return baseline
}
