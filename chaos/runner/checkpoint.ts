// What must outlive a runner so that another can go on: the record without its bulk. Small enough for an object's status
// or a ConfigMap: a few kilobytes, and some hundred bytes a node.
import { z } from 'zod'
import { type RunRecord, runRecordSchema, type Sample } from '../../api/run.ts'

export const checkpointSchema = runRecordSchema
  .pick({ version: true, phases: true, steady: true, windows: true, canaries: true, notes: true })
  .extend({
    /** The last round of the steady state: what peers, meshes and processes were before the faults. */
    baseline: z.array(runRecordSchema.shape.samples.element).max(1_000),
  })
export type Checkpoint = z.infer<typeof checkpointSchema>

/** Notes are for people; the last ones will do. */
const MAX_KEPT_NOTES = 32

export function checkpointOf(record: RunRecord): Checkpoint {
  const { version, phases, steady, windows, canaries, notes } = record
  return structuredClone({
    version,
    phases,
    steady,
    // Counters come at the end of a window and are its bulk; without them a finding says that it was not measured.
    windows: windows.map(window => ({ ...window, counters: [] })),
    canaries,
    notes: notes.slice(-MAX_KEPT_NOTES),
    baseline: baselineOf(record),
  })
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
