import { expect, test } from 'vitest'
import { MAX_PENDING_VERDICT_BYTES_PER_PEER, MAX_PENDING_VERDICTS_PER_PEER } from './limits.ts'
import { PendingVerdicts } from './pending.ts'

const takeAll = (pending: PendingVerdicts, peer: string, bytes: number): number => {
  let taken = 0
  while (pending.take(peer, bytes)) taken++
  return taken
}

test('small messages are bounded by number, large ones by bytes, and others keep their share', () => {
  const pending = new PendingVerdicts()
  expect(takeAll(pending, 'votes', 176)).toBe(MAX_PENDING_VERDICTS_PER_PEER)
  const large = 80 * 1_024
  expect(takeAll(pending, 'transactions', large)).toBe(Math.floor(MAX_PENDING_VERDICT_BYTES_PER_PEER / large))
  expect(pending.take('other', large)).toBe(true)
})

test('all peers together are bounded, and released room is free again', () => {
  const pending = new PendingVerdicts()
  const size = 4 * 1_024 * 1_024
  const taken = Array.from({ length: 100 }, (_, i) => takeAll(pending, `peer-${i}`, size))
  expect(taken.reduce((a, b) => a + b)).toBe(16)
  pending.release('peer-0', size)
  expect(pending.take('peer-99', size)).toBe(true)
  expect(pending.take('peer-98', size)).toBe(false)
})
