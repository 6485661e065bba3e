import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { coloured, plain } from '../../theme.ts'
import { widthOf } from '../../views/width.ts'
import { press } from '../model/press.ts'
import { initialState, type State, update } from '../model/state.ts'
import { NOW, names, node, picture, watching } from '../picture.fixture.ts'
import { line, paintLine } from './line.ts'
import { MIN_COLUMNS, MIN_ROWS, screen } from './screen.ts'

const shown = (state: State, columns = 80, rows = 24, now = NOW): string[] =>
  screen(state, { columns, rows }, now).map(each => paintLine(each, columns, plain))
const keys = (state: State, ...pressed: readonly string[]): State =>
  pressed.reduce((now, key) => press(now, key, 10).state, state)

const experiment = {
  name: 'cut',
  testnet: 'net',
  phase: 'inject',
  message: '',
  startedAt: NOW,
  until: null,
  over: false,
  faults: [{ name: 'halves', state: 'active', until: NOW + 7_500, targets: 3, sides: [2, 1] }],
  verdict: [],
  timeline: [],
}

describe('a testnet at 80x24', () => {
  test('one chain', () => {
    const lines = shown(watching(picture([names(3)])))
    expect(lines).toHaveLength(24)
    expect(lines[0]).toMatch(/^ trellis this machine › net +● live$/)
    expect(lines[1]).toContain('● Ready ● Converged  3/3 ready · height 100 · final 92')
    expect(lines[2]).toMatch(/^── one chain ─+$/)
    expect(lines[3]).toMatch(/^ A █+ 3 on aaaaaaaa at 100 {2}miner-0 miner-1 miner-2$/)
    expect(lines[4]).toContain('height spread ▁ none')
    expect(lines[7]).toMatch(/^❯ miner-0 +● ready +100 +0 +A aaaaaaaa/)
    expect(lines.at(-1)).toContain('? help')
  })
  test('a partition: the sides, the fault with its countdown, each node with its letter', () => {
    const text = shown(watching(picture([['miner-0', 'miner-1'], ['miner-2']], [experiment]))).join('\n')
    expect(text).toContain('▲ Converged: 2 heads')
    expect(text).toContain('── 2 chains: a partition, or a fork')
    expect(text).toMatch(
      / A █+ +2 on aaaaaaaa at 100 +miner-0 miner-1\n B ▓+ +1 on bbbbbbbb at {2}99, forked 5 ago {2}miner-2/,
    )
    expect(text).toContain('▲ halves active, 8 s left, cuts 2 from 1')
    expect(text).toMatch(/miner-2 .* B bbbbbbbb/)
  })
  test('lost: the last picture dimmed with its age, and why', () => {
    const state = update(watching(picture([names(3)])), { kind: 'lost', at: NOW + 1_000, reason: 'it is gone' })
    const lines = screen(state, { columns: 80, rows: 24 }, NOW + 40_000)
    const text = lines.map(each => paintLine(each, 80, plain))
    expect(text[0]).toMatch(/▲ 40s old$/)
    expect(text.at(-1)).toContain('it is gone; trying again')
    expect(lines.slice(1, -1).every(({ stale }) => stale)).toBe(true)
    expect(paintLine(lines[2]!, 80, coloured)).toBe(coloured('dim', text[2]!))
  })
})

test('the help is the table of keys, without what --readonly forbids', () => {
  const help = shown(keys(watching(picture([names(1)])), '?'), 80, 30).join('\n')
  expect(help).toContain('ctrl-d')
  expect(help).toMatch(/q +leave/)
  const safe = update(initialState('', true, 'net'), { kind: 'testnet', picture: picture([names(1)]) })
  expect(shown(keys(safe, '?'), 80, 30).join('\n')).not.toContain('ctrl-d')
})

test('of a thousand nodes only the rows around the cursor are shown', () => {
  const lines = shown(keys(watching(picture([names(1_000)])), 'G'), 100, 30)
  expect(lines.some(text => text.startsWith('❯ miner-999'))).toBe(true)
  expect(lines.filter(text => text.includes('miner-')).length).toBeLessThan(30)
})

test('no testnet: what to type', () => {
  const state = update(initialState('this machine', false, undefined), {
    kind: 'testnets',
    at: NOW,
    reports: [],
    note: '',
  })
  expect(shown(state).join('\n')).toContain('trellis up FILE')
})

test.each([
  ['\u001b[2Jred', 10, ' [2Jred'],
  ['東京東京', 5, '東京…'],
  ['a\nb\tc', 10, 'a b c'],
])('%j cannot break the frame', (text, columns, expected) =>
  expect(paintLine(line(text), columns, plain)).toBe(expected),
)

test('whatever the size, the view and the names: every line fits and there are as many as rows', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: MIN_COLUMNS, max: 220 }),
      fc.integer({ min: MIN_ROWS, max: 70 }),
      fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 70 }), { minLength: 1, maxLength: 40 }),
      fc.array(fc.constantFrom('j', 'enter', 'd', 'l', 'x', 'r', 'b', '?', 'esc', 's', '/', ':', 'G'), {
        maxLength: 6,
      }),
      fc.integer({ min: 1, max: 6 }),
      (columns, rows, all, pressed, chains) => {
        const parts = Array.from({ length: Math.min(chains, all.length) }, (_, part) =>
          all.filter((_, index) => index % chains === part),
        )
        const base = picture(parts, [experiment])
        const odd = {
          ...base,
          nodes: base.nodes.map(each => node(each.name, { region: each.name, reason: each.name })),
        }
        const lines = shown(keys(watching(odd), ...pressed), columns, rows)
        expect(lines).toHaveLength(rows)
        for (const text of lines) expect(widthOf(text), text).toBeLessThanOrEqual(columns)
      },
    ),
    { numRuns: 150 },
  ))

test('a window that is too small says so', () => {
  expect(shown(watching(picture([names(3)])), 40, 10)[0]).toBe('40x10 is too small')
})
