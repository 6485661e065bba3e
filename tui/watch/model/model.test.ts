import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hash, NOW, names, picture, watching } from '../picture.fixture.ts'
import { fitColumns } from './columns.ts'
import { idsOf } from './lists.ts'
import { nodeColumns, nodeLines } from './node-columns.ts'
import { press } from './press.ts'
import { cursorIndex, filtered, freshList, moved, sorted, windowTop } from './rows.ts'
import { sidesOf } from './sides.ts'
import { sparkline } from './sparkline.ts'
import { initialState, MAX_EVENTS, MAX_SPREADS, type State, topOf, update } from './state.ts'

const keys = (state: State, ...pressed: readonly string[]): State =>
  pressed.reduce((now, key) => press(now, key, 10).state, state)

describe('sides', () => {
  const head = (letter: string, height: number, members: readonly string[]) => ({
    hash: hash(letter),
    height,
    count: members.length,
    members,
    forkDepth: 0,
  })
  const brief = (sides: ReturnType<typeof sidesOf>) =>
    sides.map(({ letter, members }) => `${letter} ${members.join('')}`)

  test('keep their letters although the order of the heads swaps', () => {
    const cut = sidesOf([head('a', 9, ['x', 'y']), head('b', 8, ['z'])], [])
    expect(brief(cut)).toEqual(['A xy', 'B z'])
    const swapped = sidesOf([head('d', 11, ['z']), head('c', 10, ['x', 'y'])], cut)
    expect(brief(swapped)).toEqual(['A xy', 'B z'])
  })
  test('a third takes a free letter; one chain is A again', () => {
    const cut = sidesOf([head('a', 9, ['x', 'y', 'w']), head('b', 8, ['z'])], [])
    expect(brief(sidesOf([head('a', 9, ['x', 'y']), head('c', 9, ['w']), head('b', 8, ['z'])], cut))).toEqual([
      'A xy',
      'B z',
      'C w',
    ])
    expect(brief(sidesOf([head('b', 12, ['z', 'x', 'y', 'w'])], cut))).toEqual(['A zxyw'])
  })
})

describe('rows', () => {
  const rows = ['boot-0', 'miner-0', 'miner-1', 'miner-10', 'miner-2']
  test.each([
    ['', rows],
    ['MINER 1', ['miner-1', 'miner-10']],
    ['!miner', ['boot-0']],
    ['miner !0', ['miner-1', 'miner-2']],
    ['nothing', []],
  ])('filter %j', (filter, found) => expect(filtered(rows, filter, row => row)).toEqual(found))
  test('numbers in names are numbers; missing values are last in both directions', () => {
    expect(sorted(rows, row => row, false)).toEqual(['boot-0', 'miner-0', 'miner-1', 'miner-2', 'miner-10'])
    const values = [3, null, 1]
    expect(sorted(values, value => value, false)).toEqual([1, 3, null])
    expect(sorted(values, value => value, true)).toEqual([3, 1, null])
  })
  test('the cursor stays with its row, and at its place when the row is gone', () => {
    const list = moved(freshList, rows, 2)
    expect(list.cursor).toBe('miner-1')
    expect(cursorIndex(['miner-1', ...rows.filter(row => row !== 'miner-1')], list)).toBe(0)
    expect(cursorIndex(['boot-0', 'miner-0', 'miner-10'], list)).toBe(2)
    expect(cursorIndex([], list)).toBe(0)
  })
  test('the cursor is always on screen', () =>
    fc.assert(
      fc.property(fc.nat(2_000), fc.integer({ min: 1, max: 80 }), fc.nat(2_000), (count, height, wanted) => {
        const cursor = Math.min(wanted, Math.max(0, count - 1))
        const top = windowTop(count, height, cursor)
        expect(top).toBeGreaterThanOrEqual(0)
        expect(top + height).toBeGreaterThan(cursor)
        expect(top).toBeLessThanOrEqual(cursor)
        // No row of the screen is wasted.
        if (count >= height) expect(top + height).toBeLessThanOrEqual(count)
      }),
    ))
})

describe('columns', () => {
  test.each([
    [60, 'NAME STATE HEIGHT LAG HEAD PEERS'],
    [80, 'NAME STATE HEIGHT LAG HEAD PEERS MESH FINAL ROLE'],
    [200, 'NAME STATE HEIGHT LAG HEAD PEERS MESH FINAL ROLE REGION RESTARTS REORGS POOL REASON'],
  ])('of the nodes at %d', (columns, titles) => {
    const lines = nodeLines(picture([names(5)]).nodes, [])
    const fitted = fitColumns(nodeColumns, lines, columns - 2)
    expect(fitted.columns.map(({ title }) => title).join(' ')).toBe(titles)
    expect(fitted.widths.reduce((sum, width) => sum + width + 2, -2)).toBeLessThanOrEqual(columns - 2)
  })
})

test.each([
  [[0, 0, 0], 8, '▁▁▁'],
  [[0, 4, 8], 8, '▁▅█'],
  [[null, 2], 8, ' ▅'],
  [[9, 9, 1, 2], 2, '▃▅'],
])('sparkline of %j in %d', (values, columns, bars) => expect(sparkline(values, columns, 4)).toBe(bars))

describe('state', () => {
  test('what is remembered is bounded', () => {
    let state = watching(picture([names(2)]))
    for (let at = 0; at < MAX_EVENTS + MAX_SPREADS; at++) {
      state = update(state, { kind: 'testnet', picture: picture([names(2)]) })
      const event = { at, kind: 'faults', id: `f${at}`, change: 'applied' } as const
      state = update(state, { kind: 'node-event', testnet: 'net', node: 'miner-0', event })
    }
    expect(state.spreads).toHaveLength(MAX_SPREADS)
    expect(state.events).toHaveLength(MAX_EVENTS)
    expect(state.events[0]?.text).toContain(`f${MAX_EVENTS + MAX_SPREADS - 1}`)
  })
  test('events of nodes whose clocks differ stand in the order of time', () => {
    let state = watching(picture([names(2)]))
    for (const at of [5, 9, 7]) {
      const event = { at, kind: 'faults', id: 'f', change: 'applied' } as const
      state = update(state, { kind: 'node-event', testnet: 'net', node: 'miner-0', event })
    }
    expect(state.events.map(({ at }) => at)).toEqual([9, 7, 5])
  })
  test('what experiments do is told once, when it has happened', () => {
    const at = (moment: number, timeline: readonly { at: number; text: string }[]) => ({
      kind: 'testnet' as const,
      picture: { ...picture([names(2)], [{ ...experiment, timeline }]), at: NOW + moment },
    })
    const due = { at: NOW + 10, text: 'halves ends' }
    const begun = { at: NOW + 2, text: 'halves begins' }
    let state = watching(picture([names(2)]))
    state = update(state, at(5, [begun, due]))
    state = update(state, at(6, [begun, due]))
    expect(state.events.map(({ node, text }) => `${node} ${text}`)).toEqual(['cut halves begins'])
    state = update(state, at(11, [begun, due]))
    expect(state.events.map(({ text }) => text)).toEqual(['halves ends', 'halves begins'])
    // Of what was over before it was looked at nobody needs to hear.
    expect(watching(at(11, [begun]).picture).events).toEqual([])
  })
  test('a picture of another testnet is not shown', () => {
    const state = initialState('this machine', false, 'other')
    expect(update(state, { kind: 'testnet', picture: picture([names(2)]) }).picture).toBeUndefined()
  })
  test('lost keeps the picture and the first time; the next picture ends it', () => {
    const before = watching(picture([names(2)]))
    const lost = [1, 2].reduce((now, at) => update(now, { kind: 'lost', at: NOW + at, reason: `r${at}` }), before)
    expect(lost).toMatchObject({ lost: { since: NOW + 1, reason: 'r1' }, picture: before.picture })
    expect(update(lost, { kind: 'testnet', picture: picture([names(2)]) }).lost).toBeUndefined()
  })
})

describe('keys', () => {
  const state = watching(picture([['miner-0', 'miner-1'], ['miner-2']]))
  test('down, enter, back', () => {
    const opened = keys(state, 'j', 'enter')
    expect(topOf(opened)).toMatchObject({ kind: 'node', node: 'miner-1' })
    expect(topOf(keys(opened, 'esc'))).toMatchObject({ kind: 'testnet', list: { cursor: 'miner-1' } })
    expect(topOf(keys(opened, 'esc', 'esc')).kind).toBe('testnets')
    expect(topOf(keys(opened, 'esc', 'esc', 'esc')).kind).toBe('testnets')
  })
  test('a filter is seen while it is typed, kept by enter, dropped by esc', () => {
    const typing = keys(state, '/', '-', '2')
    expect(idsOf(typing)).toEqual(['miner-2'])
    expect(idsOf(keys(typing, 'esc'))).toHaveLength(3)
    expect(idsOf(keys(typing, 'enter'))).toEqual(['miner-2'])
    // q is a letter here, not the way out.
    expect(press(typing, 'q', 1).action).toBeUndefined()
    expect(idsOf(keys(typing, 'enter', 'esc'))).toHaveLength(3)
  })
  test('sort goes round; numbers begin with the greatest', () => {
    expect(topOf(keys(state, 's')).list).toMatchObject({ sort: 'NAME', descending: false })
    const byHeight = keys(state, 's', 's', 's')
    expect(topOf(byHeight).list).toMatchObject({ sort: 'HEIGHT', descending: true })
    expect(idsOf(byHeight).at(-1)).toBe('miner-2')
    expect(idsOf(keys(byHeight, 'S'))[0]).toBe('miner-2')
    expect(topOf(keys(state, ...nodeColumns.map(() => 's'), 's')).list.sort).toBeUndefined()
  })
  test.each([
    ['blocks', 'blocks', ''],
    ['testnets', 'testnets', ''],
    ['miner-2', 'node', 'miner-2'],
  ])(':%s', (command, kind, of) => {
    const gone = keys(state, ':', ...command, 'enter')
    expect(topOf(gone)).toMatchObject({ kind, node: of })
  })
  test('an unknown command is answered with the nearest', () => {
    expect(keys(state, ':', ...'blcoks', 'enter').notice).toContain('did you mean :blocks?')
    expect(keys(state, ':', ...'blcoks', 'enter', 'j').notice).toBe('')
  })
  test('x and b do not pile up', () => {
    const back = keys(state, 'x', 'b', 'x', 'b', 'b')
    expect(back.views.map(({ kind }) => kind)).toEqual(['testnets', 'testnet', 'experiments', 'blocks'])
  })
  test('abort asks first, and is no key with --readonly', () => {
    const running = picture([names(3)], [experiment])
    const asked = keys(watching(running), 'ctrl-d')
    expect(asked.prompt).toMatchObject({ kind: 'confirm', question: expect.stringContaining('cut') })
    expect(press(asked, 'y', 1).action).toEqual({ kind: 'abort', testnet: 'net', experiment: 'cut' })
    expect(press(asked, 'n', 1).action).toBeUndefined()
    const safe = update(initialState('', true, 'net'), { kind: 'testnet', picture: running })
    expect(keys(safe, 'ctrl-d').prompt).toBeUndefined()
    expect(keys(state, 'ctrl-d').notice).toBe('no experiment runs')
  })
  describe('start of an experiment', () => {
    const entries = [{ name: 'halves', file: '/lib/halves.yaml', faults: 'split 20s', says: 'Halves.' }]
    const chosen = update(keys(state, 'r'), { kind: 'library', entries })
    test('is chosen, asked about, and then seen', () => {
      const asked = keys(chosen, 'enter')
      expect(asked.prompt).toMatchObject({ kind: 'confirm', question: expect.stringContaining('run halves on net?') })
      expect(press(asked, 'n', 1)).toMatchObject({ state: { notice: 'nothing was done' } })
      const { action, state: after } = press(asked, 'y', 1)
      expect(action).toEqual({ kind: 'start', testnet: 'net', file: '/lib/halves.yaml' })
      expect(topOf(after).kind).toBe('experiments')
    })
    test(':run takes any file', () => {
      const asked = keys(state, ':', ...'run my.yaml', 'enter')
      expect(press(asked, 'y', 1).action).toEqual({ kind: 'start', testnet: 'net', file: 'my.yaml' })
      expect(topOf(keys(state, ':', ...'run', 'enter')).kind).toBe('library')
    })
    test('is refused with --readonly', () => {
      const safe = update(initialState('', true, 'net'), { kind: 'testnet', picture: picture([names(3)]) })
      expect(topOf(keys(safe, 'r')).kind).toBe('testnet')
      expect(keys(safe, ':', ...'run my.yaml', 'enter')).toMatchObject({
        prompt: undefined,
        notice: expect.stringContaining('--readonly'),
      })
    })
  })
  test('no keys, in whatever order, break the stack of views', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...all), { maxLength: 60 }), pressed => {
        const end = keys(state, ...pressed)
        expect(end.views[0]?.kind).toBe('testnets')
        expect(end.views.length).toBeLessThan(12)
      }),
      { numRuns: 300 },
    ))
})

const all = [...'jkgGsSdlxbr/:?q ', 'enter', 'esc', 'pageup', 'pagedown', 'backspace', 'ctrl-d', 'up', 'left']
const experiment = {
  name: 'cut',
  testnet: 'net',
  phase: 'inject',
  message: '',
  startedAt: NOW,
  until: NOW + 9_000,
  over: false,
  faults: [{ name: 'halves', state: 'active', until: NOW + 7_500, targets: 3, sides: [2, 1] }],
  verdict: [],
  timeline: [],
}
