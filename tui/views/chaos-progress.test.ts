import { expect, test } from 'vitest'
import { type ChainView, headGroups } from '../../chaos/convergence.ts'
import type { FaultProgress, Progress } from '../../chaos/runner/progress.ts'
import { plain } from '../theme.ts'
import { progressBlock, progressLine } from './chaos-progress.ts'

/** A chain as a text, one letter a block from genesis on: `abc` is at height 2. */
const view = (name: string, chain: string): ChainView => ({
  name,
  height: chain.length - 1,
  recent: Array.from({ length: chain.length }, (_, back) => chain.slice(0, chain.length - back)),
})

function progress(
  state: FaultProgress['state'],
  chains: Record<string, string>,
  more: Partial<Progress> = {},
): Progress {
  const views = Object.entries(chains).map(([name, chain]) => view(name, chain))
  const sides = [
    ['a', 'c'],
    ['b', 'd'],
  ]
  return {
    phase: 'inject',
    message: 'the end of the last fault',
    until: 20_000,
    heads: headGroups(views),
    views,
    silent: [],
    faults: [{ name: 'halves', state, until: 10_000, targets: ['a', 'b', 'c', 'd'], sides }],
    canaries: { sent: 0, refused: 0 },
    ...more,
  }
}

test.each<[string, Progress, string[]]>([
  [
    'sides that still follow one chain',
    progress('active', { a: 'xyz', b: 'xy', c: 'xy', d: 'xy' }),
    ['  side 1  head xyz at 2: a, c', '  side 2  head xy at 1: b, d', '  still one chain'],
  ],
  [
    'sides one block apart, which is no fork yet elsewhere',
    progress('active', { a: 'xyz', b: 'xyw', c: 'xyz', d: 'xyw' }),
    ['  side 1  head xyz at 2: a, c', '  side 2  head xyw at 2: b, d', '  ▲ different chains after height 1'],
  ],
  [
    'the sides keep their order whoever is ahead',
    progress('active', { a: 'xya', b: 'xybbb', c: 'xya', d: 'xyb' }),
    ['  side 1  head xya at 2: a, c', '  side 2  head xybbb at 4: b, d', '  ▲ different chains after height 1'],
  ],
  [
    'a side that does not answer',
    progress('active', { a: 'xy', c: 'xy' }, { silent: ['b', 'd'] }),
    ['  side 1  head xy at 1: a, c', '  side 2  head unknown: b, d', '  still one chain', '  ▲ no answer from b, d'],
  ],
  [
    'healing, not healed',
    progress('over', { a: 'xaa', b: 'xbb', c: 'xaa', d: 'xbb' }, { phase: 'heal' }),
    ['  side 1  head xaa at 2: a, c', '  side 2  head xbb at 2: b, d', '  ▲ different chains after height 0'],
  ],
  [
    'healed',
    progress('over', { a: 'xaa', b: 'xaa', c: 'xaa', d: 'xaa' }, { phase: 'heal' }),
    ['  ● 4 nodes on head xaa at 2'],
  ],
  ['nodes that nobody tells of', progress('active', {}), []],
  [
    'before the fault',
    progress('waiting', { a: 'xa', b: 'xa' }, { phase: 'steady-state' }),
    ['  ● 2 nodes on head xa at 1'],
  ],
])('%s', (_, now, shown) => {
  const lines = progressBlock(now, 0, plain).split('\n')
  expect(lines.slice(2)).toEqual(shown)
  // In a log the same stands in one line.
  for (const line of shown) {
    const words = /head (\S+ at \d+)/.exec(line)?.[1]
    if (words && line.includes('side')) expect(progressLine(now, 0)).toContain(words)
  }
})

test('countdowns come first, so that a narrow terminal shows them', () => {
  const now = progress('active', { a: 'xy', b: 'xy' })
  const [phase, fault] = progressBlock(now, 1_000, plain).split('\n')
  expect(phase).toBe('fault, 19 s left: waiting for the end of the last fault')
  expect(fault).toBe('  ▲ halves active, 9 s left, cuts 2 from 2 nodes')
  expect(progressLine(now, 1_000)).toMatch(/^fault halves, 9 s left \| side 1: xy at 1 \(a, c\) \| side 2: /)
})
