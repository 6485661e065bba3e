import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type RunRecord, runRecordSchema, type Sample } from '../../../api/run.ts'
import { cutRecord, withoutMiddle } from './cut-record.ts'
import { recordOf } from './record.fixture.ts'

const pack = async (record: RunRecord): Promise<Buffer> => Buffer.from(JSON.stringify(record))

/** The chain that a node is known to follow at each of its samples. */
function chains(samples: readonly Sample[]): Map<Sample['at'], readonly string[] | undefined> {
  const last = new Map<string, readonly string[]>()
  return new Map(
    samples.map(({ node, at, status }) => {
      if (status?.recent) last.set(node, status.recent)
      return [at, status ? last.get(node) : undefined]
    }),
  )
}

test('keeps the beginning and the end, and says of each sample’s chain what the whole says', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ node: fc.constantFrom('a', 'b', 'c'), moved: fc.boolean(), silent: fc.boolean() }), {
        maxLength: 60,
      }),
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      (steps, share) => {
        const record = recordOf(steps)
        const cut = withoutMiddle(record, share)
        const whole = chains(record.samples)
        for (const [at, recent] of chains(cut.samples)) expect(recent).toEqual(whole.get(at))
        expect(cut.samples.at(0)?.at).toBe(record.samples.at(0)?.at)
        expect(cut.samples.at(-1)?.at).toBe(record.samples.at(-1)?.at)
        expect(runRecordSchema.safeParse(cut).success).toBe(true)
      },
    ),
    { numRuns: 200 },
  )
})

test('cuts until it fits, and says so', async () => {
  const steps = Array.from({ length: 2_000 }, (_, index) => ({ node: 'a', moved: index % 3 === 0, silent: false }))
  const record = recordOf(steps)
  const whole = await pack(record)
  const packed = await cutRecord(record, whole.length / 4, pack)
  expect(packed.length).toBeLessThanOrEqual(whole.length / 4)
  const { samples, notes } = JSON.parse(packed.toString()) as RunRecord
  expect(samples.length).toBeGreaterThan(100)
  expect(notes.at(-1)).toMatch(/cut to fit.*\d+ of 2000 samples/)
  expect(await cutRecord(record, whole.length, pack)).toEqual(whole)
  await expect(cutRecord(record, 100, pack)).rejects.toThrow(RangeError)
})
