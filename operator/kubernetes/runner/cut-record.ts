// A recorded run that is too large to be kept as a whole loses its middle: how it began and how it healed is what it is
// read for. Pure but for the packing that it is given.
import type { RunRecord, Sample } from '../../../api/run.ts'

/** Of what is left at each attempt. */
const KEEP = 0.7
/** After so many a millionth is left. */
const MAX_ATTEMPTS = 40

/** The packed record, cut until it has at most so many bytes. @throws RangeError when even the bare record has more */
export async function cutRecord(
  record: RunRecord,
  maxBytes: number,
  pack: (record: RunRecord) => Promise<Buffer>,
): Promise<Buffer> {
  let packed = await pack(record)
  for (let attempt = 1, share = KEEP; packed.length > maxBytes && attempt <= MAX_ATTEMPTS; attempt++, share *= KEEP)
    packed = await pack(withoutMiddle(record, share))
  if (packed.length > maxBytes) throw new RangeError(`the record has ${packed.length} bytes of at most ${maxBytes}`)
  return packed
}

/** The first and the last of samples and events, that share of each together; a note says how many are missing. */
export function withoutMiddle(record: RunRecord, share: number): RunRecord {
  const samples = cut(record.samples, share)
  const events = cut(record.events, share)
  const note =
    `cut to fit into its ConfigMap: ${record.samples.length - samples.kept.length} of ${record.samples.length} samples ` +
    `and ${record.events.length - events.kept.length} of ${record.events.length} events are left out of the middle`
  return {
    ...record,
    samples: carryChains(record.samples, samples),
    events: events.kept,
    notes: [...record.notes, note],
  }
}

interface Cut<T> {
  readonly kept: T[]
  /** Of the whole list: what lies between is gone. */
  readonly headEnd: number
  readonly tailStart: number
}

function cut<T>(list: readonly T[], share: number): Cut<T> {
  const half = Math.ceil((list.length * share) / 2)
  const headEnd = Math.min(half, list.length)
  const tailStart = Math.max(headEnd, list.length - half)
  return { kept: [...list.slice(0, headEnd), ...list.slice(tailStart)], headEnd, tailStart }
}

/** A sample leaves out its node's chain when that is the same as in the one before: behind the gap it must be said again. */
function carryChains(all: readonly Sample[], { kept, headEnd, tailStart }: Cut<Sample>): Sample[] {
  if (tailStart === headEnd) return kept
  const chains = new Map<string, string[]>()
  for (const { node, status } of all.slice(0, tailStart)) if (status?.recent) chains.set(node, status.recent)
  return kept.map((sample, index) => {
    if (index < headEnd || !sample.status) return sample
    const recent = sample.status.recent ?? chains.get(sample.node)
    chains.delete(sample.node)
    return recent ? { ...sample, status: { ...sample.status, recent } } : sample
  })
}
