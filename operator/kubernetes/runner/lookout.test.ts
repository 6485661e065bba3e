// When a runner lets go of a run that another one goes on with.
import { afterEach, expect, test } from 'vitest'
import { ConnectionError } from '../runtime/api-error.ts'
import { Superseded } from './claim.ts'
import { HAND_OVER_MS, letGoReason, UNHEARD_MS } from './lookout.ts'

const ends: AbortController[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end.abort()
})

/** A clock that goes on by so much with every look at it. */
const clock = (stepMs: number) => {
  let now = 0
  return () => (now += stepMs)
}

function looked(check: () => Promise<void>, { stepMs = 1, leaving = false } = {}): Promise<string> {
  const [end, left] = [new AbortController(), new AbortController()]
  ends.push(end)
  if (leaving) left.abort()
  return letGoReason({ check }, left.signal, end.signal, clock(stepMs))
}
const still = Symbol('still')
const within = (ms: number, reason: Promise<string>) =>
  Promise.race([reason, new Promise(resolve => setTimeout(resolve, ms, still))])
const mine = async () => {}
const unheard = async () => {
  throw new ConnectionError('refused')
}

test('it is superseded', async () => {
  const check = async () => {
    throw new Superseded('b goes on with the run')
  }
  expect(await looked(check)).toBe('b goes on with the run')
})

test('it is to end, and has waited for its successor long enough', async () => {
  expect(await looked(mine, { leaving: true, stepMs: HAND_OVER_MS })).toBe('another runner is to go on')
})

test('it has not heard of the API server for too long', async () => {
  expect(await looked(unheard, { stepMs: UNHEARD_MS })).toMatch(
    /^nothing was heard of the API server for \d+ s: refused$/,
  )
})

test.each<[string, () => Promise<void>, boolean]>([
  ['nobody else came', mine, false],
  ['it was just told to end', mine, true],
  ['the API server is away for a moment', unheard, false],
])('it goes on while %s', async (_name, check, leaving) => {
  expect(await within(100, looked(check, { leaving }))).toBe(still)
})
