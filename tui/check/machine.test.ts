import { expect, test } from 'vitest'
import { primitiveRows } from './kernel.ts'
import { type MachineFacts, machineRows } from './machine.ts'
import { isFit } from './row.ts'

const facts: MachineFacts = {
  node: '26.10.0',
  cores: 4,
  freeBytes: 8 * 1024 ** 3,
  diskBytes: 50 * 1024 ** 3,
  folder: '/home/a/state',
  folderProblem: undefined,
  addresses: 250,
  programProblem: undefined,
}
const notOk = (change: Partial<MachineFacts>) =>
  machineRows({ ...facts, ...change }).filter(({ state }) => state !== 'ok')

test('a machine that is fit', () => {
  expect(notOk({})).toEqual([])
  expect(isFit(machineRows(facts))).toBe(true)
})

test.each<[Partial<MachineFacts>, string, string, boolean]>([
  [{ node: '20.1.0' }, 'node', 'missing', false],
  [{ cores: 1 }, 'cores', 'without', true],
  [{ freeBytes: 300_000_000 }, 'memory', 'missing', false],
  [{ diskBytes: 1_000 }, 'disk', 'missing', false],
  [{ folderProblem: 'EACCES' }, 'state folder', 'missing', false],
  [{ addresses: 'no free range' }, 'addresses', 'missing', false],
  [{ programProblem: 'node.js is missing' }, 'program', 'missing', false],
])('%j', (change, name, state, fit) => {
  expect(notOk(change)).toMatchObject([{ name, state, mend: expect.stringMatching(/\S/) }])
  expect(isFit(machineRows({ ...facts, ...change }))).toBe(fit)
})

test('a kernel without a primitive is fit all the same, and says what for it is', () => {
  const rows = primitiveRows([
    { name: 'timed-sets', present: true },
    { name: 'netem', present: false, reason: 'qdisc kind is unknown' },
    { name: 'htb', present: false, reason: 'tc: not installed' },
  ])
  expect(rows).toMatchObject([
    { state: 'ok' },
    { state: 'without', found: 'qdisc kind is unknown', mend: expect.stringContaining('latency') },
    { state: 'without', mend: expect.stringContaining('install it') },
  ])
  expect(isFit(rows)).toBe(true)
})
