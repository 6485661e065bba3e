import { expect, test } from 'vitest'
import { compareSchemas } from './definitions.ts'
import { type Right, rightRows } from './rights.ts'

const asked: Right[] = [
  { verb: 'get', group: 'trellis.dev', resource: 'testnets', needed: '`status`' },
  { verb: 'list', group: 'trellis.dev', resource: 'testnets', needed: '`status`' },
  { verb: 'get', group: '', resource: 'pods', subresource: 'proxy', needed: 'metrics', instead: 'there are none' },
]

test.each<[boolean[], string[]]>([
  [
    [true, true, true],
    ['ok', 'ok'],
  ],
  [
    [true, false, true],
    ['missing', 'ok'],
  ],
  [
    [true, true, false],
    ['ok', 'without'],
  ],
])('allowed %j', (allowed, expected) => {
  expect(rightRows(asked, allowed, 'default').map(({ state }) => state)).toEqual(expected)
})

test('names what is refused, and what needs it', () => {
  expect(rightRows(asked, [true, false, false], 'games')).toEqual([
    {
      name: 'may get, list testnets.trellis.dev',
      state: 'missing',
      found: 'you may not list in namespace games',
      mend: 'ask whoever runs the cluster for it; `status` needs it',
    },
    {
      name: 'may get pods/proxy',
      state: 'without',
      found: 'you may not get in namespace games',
      mend: 'without it there are none',
    },
  ])
})

const schema = (...names: string[]) => ({
  properties: {
    metadata: { properties: { name: {} } },
    spec: { properties: { groups: { items: { properties: Object.fromEntries(names.map(name => [name, {}])) } } } },
  },
})
test.each([
  [['count', 'role'], ['role', 'count'], [], []],
  [['count', 'role'], ['count'], ['spec.groups[].role'], []],
  [['count'], ['count', 'more'], [], ['spec.groups[].more']],
])('definition with %j, stored with %j', (ours, theirs, lacking, foreign) => {
  const stored = { ...schema(...theirs), metadata: undefined }
  expect(compareSchemas(schema(...ours), stored)).toEqual({ lacking, foreign })
})
