// What a successor is told of a run: enough for the same verdict on faults that are over.
import { expect, test } from 'vitest'
import type { RunRecord } from '../../api/run.ts'
import { healthyRun, times } from '../verdict/fixture.ts'
import { judge } from '../verdict/judge.ts'
import { checkpointOf, checkpointSchema } from './checkpoint.ts'
import { Recorder } from './recorder.ts'

/** The record of a runner that saw all up to then. */
const upTo = (record: RunRecord, at: number): RunRecord => ({
  ...record,
  samples: record.samples.filter(sample => sample.at < at),
  events: record.events.filter(({ event }) => event.at < at),
  phases: record.phases.filter(phase => phase.at < at),
})
/** That of its successor at the end: nodes tell their events again, samples they do not. */
function takenOver(record: RunRecord, at: number): RunRecord {
  const checkpoint = checkpointSchema.parse(JSON.parse(JSON.stringify(checkpointOf(upTo(record, at)))))
  const { record: next } = new Recorder(record, () => at, checkpoint)
  const first = 1 + Math.max(...next.samples.map(({ round }) => round))
  const seen = record.samples.filter(sample => sample.at >= at)
  const later = record.phases.filter(phase => phase.at >= at)
  return {
    ...next,
    phases: [...next.phases, ...later],
    samples: [...next.samples, ...seen.map(sample => ({ ...sample, round: first + sample.round }))],
    events: record.events,
  }
}

test.each([
  ['when the cut was just lifted', times.gone + 100],
  ['while the network heals', times.merged + 2_000],
])('one that takes over %s says of the fault what the first one would have', (_name, at) => {
  const record = healthyRun()
  const of = (each: RunRecord) => judge(each).findings.find(({ id }) => id === 'bit')
  expect(of(record)?.passed).toBe(true)
  const { passed, figures } = of(takenOver(record, at))!
  expect({ passed, figures }).toEqual({ passed: true, figures: of(record)?.figures })
})

test('the last round of a fault that goes on is kept as well', () => {
  const record = healthyRun()
  const middle = (times.injected + times.lifted) / 2
  const [window] = record.windows
  const lasting = { ...upTo(record, middle), windows: [{ ...window!, liftedAt: null, endedAt: null, counters: [] }] }
  const { during } = checkpointOf(lasting)
  const last = Math.max(...lasting.samples.map(({ round }) => round))
  expect(during.map(({ node, at }) => [node, at])).toEqual(
    lasting.samples.filter(({ round }) => round === last).map(({ node, at }) => [node, at]),
  )
  expect(during.every(({ round, status }) => round === 1 && (status?.recent?.length ?? 0) > 0)).toBe(true)
})

test('counters of the newest windows are kept, and not more than fit', () => {
  const record = healthyRun()
  const [window] = record.windows
  const link = window!.counters[0]!.links[0]!
  const full = { ...window!, counters: [{ node: 'a', links: Array.from({ length: 1_500 }, () => link) }] }
  const { windows } = checkpointOf({ ...record, windows: [full, full] })
  expect(windows.map(({ counters }) => counters.length)).toEqual([0, 1])
})
