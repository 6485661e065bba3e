import { expect, test } from 'vitest'
import { type ConfigMap, resources } from '../runtime/resource.ts'
import { MAX_REMEMBERED, WriteMemory } from './write-memory.ts'

const map = (name: string, resourceVersion: string): ConfigMap => ({
  metadata: { name, namespace: 'n', resourceVersion },
  data: { at: resourceVersion },
})
const { configMaps, secrets } = resources

test('what was written is seen until a store has it, and not for ever', () => {
  let now = 0
  const memory = new WriteMemory(() => now)
  const at = (stored: ConfigMap | undefined) =>
    memory.newest(configMaps, { namespace: 'n', name: 'a' }, stored)?.data?.at
  expect(at(map('a', '9'))).toBe('9')
  memory.wrote(configMaps, map('a', '10'))
  expect(at(undefined)).toBe('10')
  expect(at(map('a', '9'))).toBe('10')
  expect(memory.all(configMaps, 'n').length).toBe(1)
  expect([memory.all(configMaps, 'm'), memory.all(secrets, 'n')]).toEqual([[], []])
  expect(at(map('a', '11'))).toBe('11')
  // Caught up: what a store says from now on holds.
  expect(at(map('a', '9'))).toBe('9')
  memory.wrote(configMaps, map('a', '12'))
  memory.removed(configMaps, map('a', '12'))
  expect(at(undefined)).toBeUndefined()
  memory.wrote(configMaps, map('a', '13'))
  now = 20_000
  expect(at(undefined)).toBeUndefined()
})

test('the oldest are forgotten when there are too many', () => {
  const memory = new WriteMemory(() => 0)
  for (let index = 0; index <= MAX_REMEMBERED; index++) memory.wrote(configMaps, map(`m${index}`, '1'))
  expect(memory.all(configMaps, 'n').length).toBe(MAX_REMEMBERED)
  expect(memory.newest(configMaps, { namespace: 'n', name: 'm0' }, undefined)).toBeUndefined()
})
