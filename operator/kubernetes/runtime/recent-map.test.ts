import { expect, test } from 'vitest'
import { RecentMap } from './recent-map.ts'

test('the one that was not used for longest goes', () => {
  const map = new RecentMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  expect(map.get('a')).toBe(1)
  map.set('c', 3)
  expect([...map]).toEqual([
    ['a', 1],
    ['c', 3],
  ])
  map.set('a', 4)
  map.set('d', 5)
  expect([map.get('c'), map.get('a'), map.size]).toEqual([undefined, 4, 2])
  expect([map.delete('a'), map.delete('a'), map.size]).toEqual([true, false, 1])
})
