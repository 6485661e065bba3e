import { describe, expect, test } from 'vitest'
import { experimentStatusSchema } from '../../../api/status.ts'
import { healthyRun } from '../../../chaos/verdict/fixture.ts'
import { judge } from '../../../chaos/verdict/judge.ts'
import { statusAfter, statusRefused, statusWhile } from './outcome.ts'

type Record = ReturnType<typeof healthyRun>
const ended = { at: 60_000, aborted: false, notes: [], kept: 'x--record' }
const outcomeOf = (change: (record: Record) => unknown, more: Partial<typeof ended> = {}) => {
  const record = healthyRun()
  change(record)
  return statusAfter({ record, verdict: judge(record) }, { ...ended, ...more })
}

describe('the end of a run', () => {
  test('that passed has its figures', () => {
    const status = outcomeOf(() => {})
    expect(experimentStatusSchema.safeParse(status).error).toBeUndefined()
    expect(status).toMatchObject({
      phase: 'Passed',
      reason: 'Healed',
      endedAt: '1970-01-01T00:01:00.000Z',
      startedAt: '1970-01-01T00:00:20.000Z',
      healTime: expect.stringMatching(/^0\.\ds$|^1\.\ds$/),
      deepestReorg: expect.any(Number),
      record: 'x--record',
      faults: [{ targets: 4, injected: 4, recovered: 4 }],
    })
    expect(status.verdict).toHaveLength(9)
    expect(status.verdict?.[0]).toMatch(/^passed: The fault bit: /)
  })

  test.each([
    {
      name: 'a fault that stayed on a node',
      change: ({ windows }: Record) => windows[0]!.failures.push({ node: 'a', message: 'could not be lifted: no' }),
      says: { phase: 'Inconclusive', reason: 'NotProven', faults: [{ targets: 4, injected: 4, recovered: 3 }] },
    },
    {
      name: 'a fault that one node never took',
      change: ({ windows }: Record) => {
        Object.assign(windows[0]!, { injectedAt: null, liftedAt: null, endedAt: null })
        windows[0]!.failures.push({ node: 'a', message: 'no' })
      },
      says: { phase: 'Inconclusive', faults: [{ targets: 4, injected: 3, recovered: 3 }] },
    },
    {
      name: 'no steady state',
      change: (record: Record) => Object.assign(record, { steady: false, windows: [] }),
      says: { phase: 'Inconclusive', reason: 'NoSteadyState', faults: [{ injected: 0, recovered: 0 }] },
    },
    {
      name: 'a testnet that went away',
      change: (record: Record) => Object.assign(record, { aborted: 'testnet toy was deleted' }),
      says: { phase: 'Inconclusive', reason: 'RunEnded', message: expect.stringContaining('was deleted') },
    },
  ])('$name', ({ change, says }) => {
    expect(outcomeOf(change)).toMatchObject(says)
  })

  test('that somebody wanted is Aborted', () => {
    const aborted = (record: Record) => Object.assign(record, { aborted: 'the runner was told to stop' })
    expect(outcomeOf(aborted, { aborted: true })).toMatchObject({ phase: 'Aborted' })
  })

  test('that could not begin', () => {
    expect(statusRefused('Unsupported', 'x'.repeat(10_000), 1_000)).toMatchObject({
      phase: 'Inconclusive',
      reason: 'Unsupported',
      message: expect.stringMatching(/^x{2048}$/),
    })
  })
})

test('while it runs it tells how far each fault is', () => {
  const progress = {
    phase: 'inject' as const,
    message: 'the end of the last fault',
    until: null,
    heads: [],
    views: [],
    silent: [],
    faults: (['waiting', 'injecting', 'active', 'lifting', 'over', 'failed'] as const).map(state => ({
      name: state,
      state,
      until: null,
      targets: ['a', 'b'],
      sides: [],
    })),
    canaries: { sent: 0, refused: 0 },
  }
  const status = statusWhile(progress, 'kernel', 1_000)
  expect(experimentStatusSchema.safeParse(status).error).toBeUndefined()
  expect(status).toMatchObject({ phase: 'Injecting', fidelity: 'kernel', startedAt: '1970-01-01T00:00:01.000Z' })
  expect(status.faults?.map(({ name, injected, recovered }) => `${name} ${injected} ${recovered}`)).toEqual([
    'waiting 0 0',
    'injecting 0 0',
    'active 2 0',
    'lifting 2 0',
    'over 2 2',
    'failed 0 0',
  ])
})
