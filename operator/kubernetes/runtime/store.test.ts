import { describe, expect, test } from 'vitest'
import type { ConfigMap } from './resource.ts'
import { isOlder } from './resource-version.ts'
import { Store } from './store.ts'

const map = (name: string, zone: string): ConfigMap => ({ metadata: { name, namespace: 'n', labels: { zone } } })

test('a store finds objects by key and by index, through changes and deletion', () => {
  const store = new Store<ConfigMap>({ zone: ({ metadata }) => Object.values(metadata.labels ?? {}) })
  store.set(map('a', 'west'))
  store.set(map('b', 'west'))
  expect(store.by('zone', 'west').map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
  expect(store.set(map('a', 'east'))?.metadata.labels).toEqual({ zone: 'west' })
  expect(store.by('zone', 'west').map(({ metadata }) => metadata.name)).toEqual(['b'])
  store.delete('n/b')
  expect([store.by('zone', 'west'), store.size, store.get('n/b')]).toEqual([[], 1, undefined])
  expect(() => store.by('region', 'west')).toThrow('no index region: there are zone')
})

describe('resource versions', () => {
  test.each([
    ['9', '10', true],
    ['10', '9', false],
    ['10', '10', false],
    ['18446744073709551614', '18446744073709551615', true],
    ['', '10', false],
    ['10', 'opaque', false],
    ['010', '11', false],
  ])('%s is older than %s: %s', (a, b, expected) => expect(isOlder(a, b)).toBe(expected))
})
