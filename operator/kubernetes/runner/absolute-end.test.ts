// What a runner asks for late in a run, and after its end.
import { expect, test } from 'vitest'
import type { Holder, Lifecycle } from '../../../chaos/runner/target.ts'
import { doneUntil, heldUntil } from './absolute-end.ts'

const signal = new AbortController().signal
const END = 10_000

test.each([
  [4_000, 4_000],
  [12_000, END],
])('what would be held until %i ends at %i', async (wanted, given) => {
  const ends: number[] = []
  const holder: Holder<{ id: string; endsAt: number }> = {
    put: async (_node, { endsAt }) => void ends.push(endsAt),
    end: async () => undefined,
    inForce: async () => ['x'],
  }
  const held = heldUntil(holder, END)
  await held.put('a', { id: 'x', endsAt: wanted }, { signal })
  expect(ends).toEqual([given])
  expect(await held.inForce('a', { signal })).toEqual(['x'])
})

test.each<[number, readonly string[]]>([
  [9_999, ['kill 10000', 'pause 10000', 'restart', 'revive', 'resume']],
  [END, ['revive', 'resume']],
])('at %i of a run to 10000 this is done to processes: %j', async (now, done) => {
  const acts: string[] = []
  const lifecycle: Lifecycle = {
    kill: async (_node, until) => void acts.push(`kill ${until}`),
    pause: async (_node, until) => void acts.push(`pause ${until}`),
    restart: async () => void acts.push('restart'),
    revive: async () => void acts.push('revive'),
    resume: async () => void acts.push('resume'),
  }
  const bounded = doneUntil(lifecycle, END, () => now)
  await Promise.allSettled([
    bounded.kill('a', 15_000, signal),
    bounded.pause('a', 15_000, signal),
    bounded.restart('a', signal),
    bounded.revive('a', signal),
    bounded.resume('a', signal),
  ])
  expect(acts).toEqual(done)
})
