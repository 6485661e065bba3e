import { describe, expect, test } from 'vitest'
import { changesOf, shown } from './object-changes.ts'

describe('changes of an object', () => {
  test.each<[string, unknown, unknown, string[]]>([
    ['nothing', { spec: { replicas: 3 } }, { spec: { replicas: 3 } }, []],
    ['what others set', { spec: { replicas: 3, other: 1 }, status: {} }, { spec: { replicas: 3 } }, []],
    ['a value', { spec: { replicas: 3 } }, { spec: { replicas: 5 } }, ['spec.replicas: 3 -> 5']],
    ['a new field', { spec: {} }, { spec: { suspend: true } }, ['spec.suspend: true']],
    ['within a list', { a: [{ b: 1 }, { b: 2 }] }, { a: [{ b: 1 }, { b: 3 }] }, ['a[1].b: 2 -> 3']],
    ['a longer list', { a: [1] }, { a: [1, 2] }, ['a: [1] -> [1,2]']],
    ['a key that is no word', { data: { 'a.json': 'x' } }, { data: { 'a.json': 'y' } }, ['data["a.json"]: x -> y']],
    ['long text', { data: { a: 'x'.repeat(99) } }, { data: { a: 'y'.repeat(99) } }, ['data.a']],
    ['a secret', { kind: 'Secret', data: { a: 'x' } }, { kind: 'Secret', data: { a: 'y' } }, ['data.a']],
    ['all of it', undefined, { spec: { replicas: 3 } }, ['spec.replicas: 3']],
  ])('%s', (_what, stored, wanted, expected) => expect(changesOf(stored, wanted)).toEqual(expected))

  test('are counted when there are many', () => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`f${index}`, index]))
    expect(changesOf({}, many)).toHaveLength(21)
    expect(changesOf({}, many).at(-1)).toBe('and 10 more')
  })
})

test('the values of a Secret are not shown', () => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, data: { token: 'c2VjcmV0' } }
  expect(shown(secret)).toEqual({ ...secret, data: { token: '(hidden)' } })
})
