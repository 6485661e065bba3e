import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatProblem, InputError } from './errors.ts'
import { parseResources } from './kinds.ts'
import { MAX_DOCUMENTS, MAX_INPUT_CHARS, MAX_PROBLEMS } from './parse.ts'

const head = 'apiVersion: trellis.dev/v1alpha1\nkind: Testnet\nmetadata:\n  name: demo\n'
const spec = `spec:
  groups:
    - name: boot
      role: bootstrap
    - name: miner
      role: miner
      count: 3
`
const lines = (text: string): string[] => {
  try {
    parseResources(text, 'demo.yaml')
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(formatProblem)
    throw error
  }
  return []
}

describe('where', () => {
  test.each([
    ['an unknown field, at its name', `${head}${spec}  lod: {}\n`, /^demo\.yaml:12:3: spec\.lod: .*`load`/],
    ['a wrong value, at the value', `${head}${spec}  seed: [1]\n`, /^demo\.yaml:12:9: spec\.seed: /],
    [
      'a value left empty, at its name',
      `${head}spec:\n  groups:\n`,
      /^demo\.yaml:6:3: spec\.groups: expected a list, got nothing/,
    ],
    [
      'a missing field, at its parent',
      `${head}spec:\n  groups:\n    - name: boot\n`,
      /^demo\.yaml:7:7: spec\.groups\[0\]\.role: is missing; .*`miner`/,
    ],
    [
      'behind an alias, at the anchor',
      `${head}spec:\n  groups:\n    - &m {name: m, role: miner, count: 0}\n    - *m\n`,
      /^demo\.yaml:7:40: spec\.groups\[0\]\.count: 0 is below/,
    ],
    ['in the second document', `${head}${spec}---\n${head}${spec}  seed: {}\n`, /^demo\.yaml:24:9: spec\.seed: /],
    [
      'in a document with CRLF',
      `${head}${spec}  seed: {}\n`.replaceAll('\n', '\r\n'),
      /^demo\.yaml:12:9: spec\.seed: /,
    ],
    ['after a byte order mark', `\ufeff${head}${spec}  seed: {}\n`, /^demo\.yaml:12:9: spec\.seed: /],
  ])('%s', (_name, text, expected) => {
    expect(lines(text)[0]).toMatch(expected)
  })
})

describe('YAML that is none', () => {
  test.each([
    ['a tab', `${head}spec:\n\tgroups: []\n`, /^demo\.yaml:6:1: is not valid YAML: .*; indent with spaces/],
    ['an open quote', `${head}spec: "x\n`, /^demo\.yaml:\d+:\d+: is not valid YAML: /],
    [
      'a field twice',
      `${head}${spec}  seed: 1\n  seed: 2\n`,
      /^demo\.yaml:13:3: is not valid YAML: .*; keep one of the two/,
    ],
    ['an unknown tag', `${head}${spec}  seed: !secret x\n`, /^demo\.yaml:12:9: is not valid YAML: .*; remove the tag/],
    ['an alias of nothing', `${head}${spec}  seed: *nobody\n`, /nobody/],
    ['a list', '- a\n', /^demo\.yaml:1:1: expected fields/],
    ['text', 'hello', /^demo\.yaml:1:1: expected fields/],
    ['nothing', '', /^demo\.yaml: is empty/],
    ['comments only', '# nothing\n---\n# still\n', /^demo\.yaml: is empty/],
    ['bytes of something else', '\u0000\u0001\u0002', /^demo\.yaml:1:1: /],
  ])('%s', (_name, text, expected) => {
    expect(lines(text)[0]).toMatch(expected)
  })
})

describe('bounds', () => {
  test('a file too large', () => {
    expect(lines('#'.repeat(MAX_INPUT_CHARS + 1))[0]).toMatch(/more than 1048576; split it/)
  })
  test('too many documents', () => {
    expect(lines('---\na: 1\n'.repeat(MAX_DOCUMENTS + 1))[0]).toMatch(/65 documents/)
  })
  test('an alias bomb', () => {
    const level = (n: number) =>
      `a${n}: &a${n} [${Array(9)
        .fill(`*a${n - 1}`)
        .join(', ')}]\n`
    const bomb = `a0: &a0 [x]\n${Array.from({ length: 9 }, (_, n) => level(n + 1)).join('')}`
    expect(lines(bomb)[0]).toMatch(/aliases cannot be expanded.*; write the repeated part out/)
  })
  test.each([
    ['brackets', '['.repeat(20_000)],
    ['dashes', '- '.repeat(20_000)],
    ['question marks', '? '.repeat(20_000)],
  ])('nesting by %s', (_name, text) => {
    expect(lines(text)[0]).toMatch(/^demo\.yaml:\d+:\d+: /)
  })
  test('more problems than are listed', () => {
    const fields = Array.from({ length: MAX_PROBLEMS + 7 }, (_, n) => `  field${n}: 1\n`).join('')
    const told = lines(`${head}${spec}${fields}`)
    expect(told).toHaveLength(MAX_PROBLEMS + 1)
    expect(told.at(-1)).toMatch(/has 7 more problems/)
  })
  test('a prototype is no field', () => {
    expect(lines(`${head}${spec}  __proto__: {seed: 1}\n`)[0]).toMatch(/^demo\.yaml:12:3: spec\.__proto__: /)
  })
})

test('several documents of both kinds keep their order and their places', () => {
  const experiment = `apiVersion: trellis.dev/v1alpha1
kind: ChaosExperiment
metadata:
  name: cut
spec:
  testnet: demo
  faults:
    - name: halves
      duration: 20s
      partition: {shape: halves}
`
  const parsed = parseResources(`${head}${spec}---\n${experiment}`, 'demo.yaml')
  expect(parsed.map(({ value }) => value.kind)).toEqual(['Testnet', 'ChaosExperiment'])
  const later = parsed[1]?.problem({ path: ['spec', 'faults', 0, 'duration'], message: 'm', mend: 'n' })
  expect(later && formatProblem(later)).toBe('demo.yaml:21:17: spec.faults[0].duration: m; n')
})

test('any text is a list of documents or an InputError whose places are in the text', () => {
  const line = fc.constantFrom(
    'apiVersion: trellis.dev/v1alpha1',
    'kind: Testnet',
    'metadata: {name: x}',
    'spec:',
    '  groups:',
    '  - name: a',
    '    role: miner',
    '---',
    '&a',
    '*a',
    '? [',
    '}',
    '"',
    '\t',
    'x: |',
    '<<: *a',
    '!!binary x',
  )
  const text = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.array(line, { maxLength: 16 }).map(all => all.join('\n')),
  )
  fc.assert(
    fc.property(text, input => {
      try {
        parseResources(input, 'f')
      } catch (error) {
        expect(error).toBeInstanceOf(InputError)
        const { problems } = error as InputError
        expect(problems.length).toBeGreaterThan(0)
        for (const { line = 1, column = 1 } of problems) {
          expect(line).toBeGreaterThanOrEqual(1)
          expect(line).toBeLessThanOrEqual(input.split('\n').length + 1)
          expect(column).toBeGreaterThanOrEqual(1)
        }
      }
    }),
    { numRuns: 300 },
  )
})
