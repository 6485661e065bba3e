import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Log, MAX_LINE } from './log.ts'

function recorded(): { lines: string[]; log: Log } {
  const lines: string[] = []
  return { lines, log: new Log({ write: line => lines.push(line), now: () => 0 }) }
}

test('an event is one JSON line with time, level, message and the fields of its parents', () => {
  const { lines, log } = recorded()
  log
    .child({ node: 'miner-0' })
    .child({ part: 'sync' })
    .warn('slow', { peer: 'x', took: 12n, error: new Error('bad\nthing') })
  expect(lines).toHaveLength(1)
  expect(lines[0]!.endsWith('\n')).toBe(true)
  expect(JSON.parse(lines[0]!)).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    level: 'warn',
    msg: 'slow',
    node: 'miner-0',
    part: 'sync',
    peer: 'x',
    took: '12',
    error: 'Error: bad\nthing',
  })
})

test.each([
  ['error', ['error']],
  ['warn', ['error', 'warn']],
  ['info', ['error', 'warn', 'info']],
  ['debug', ['error', 'warn', 'info', 'debug']],
] as const)('level %s writes %s', (level, written) => {
  const { lines, log } = recorded()
  const child = log.child({}, level)
  for (const each of ['error', 'warn', 'info', 'debug'] as const) child[each]('x')
  expect(lines.map(line => JSON.parse(line).level)).toEqual(written)
})

test('secrets are hidden at any depth', () => {
  const { lines, log } = recorded()
  log.info('config', {
    adminToken: 's3cret',
    config: { keys: { network: 's3cret' }, headers: { Authorization: 's3cret' } },
    seed: 's3cret',
  })
  expect(lines[0]).not.toContain('s3cret')
})

test('whatever is logged, a line is bounded JSON without a line break inside', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 20_000 }),
      fc.dictionary(fc.string(), fc.anything(), { maxKeys: 60 }),
      (message, fields) => {
        const { lines, log } = recorded()
        log.info(message, fields)
        expect(lines).toHaveLength(1)
        expect(lines[0]!.length).toBeLessThanOrEqual(MAX_LINE + 1)
        expect(lines[0]!.indexOf('\n')).toBe(lines[0]!.length - 1)
        expect(JSON.parse(lines[0]!).level).toBe('info')
      },
    ),
    { numRuns: 200 },
  )
})

test('a cycle does not hang the log', () => {
  const { lines, log } = recorded()
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  log.info('cycle', cycle)
  expect(lines).toHaveLength(1)
})
