import { describe, expect, test } from 'vitest'
import { covers, digest, isSettled, marked } from './drift.ts'
import type { ConfigMap } from './resource.ts'

describe('drift', () => {
  test.each([
    ['defaults are no drift', { a: 1, b: 2 }, { a: 1 }, true],
    ['a changed field is', { a: 2 }, { a: 1 }, false],
    ['a missing field is', {}, { a: 1 }, false],
    ['lists are compared in order', { a: [1, 2] }, { a: [2, 1] }, false],
    ['a longer list is drift', { a: [1, 2] }, { a: [1] }, false],
    ['items may say more', { a: [{ name: 'x', protocol: 'TCP' }] }, { a: [{ name: 'x' }] }, true],
    ['empty counts as absent', {}, { a: [], b: {} }, true],
    ['what should be empty and is not', { a: [1] }, { a: [] }, false],
    ['undefined says nothing', { a: 1 }, { a: undefined }, true],
  ])('%s', (_, stored, wanted, expected) => {
    expect(covers(stored, wanted)).toBe(expected)
  })

  test('the digest is of the value, not of the order of its fields', () => {
    expect(digest({ a: 1, b: [{ c: 2, d: 3 }] })).toBe(digest({ b: [{ d: 3, c: 2 }], a: 1 }))
    expect(digest({ a: 1 })).not.toBe(digest({ a: 2 }))
  })

  test('a field that is given up is noticed, though the stored object covers the intent', () => {
    const base = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'y' } }
    const before: ConfigMap = marked({ ...base, data: { a: '1', b: '2' } })
    const after: ConfigMap = marked({ ...base, data: { a: '1' } })
    expect([isSettled(before, before), isSettled(before, after), covers(before.data, after.data)]).toEqual([
      true,
      false,
      true,
    ])
  })
})
