import { expect, test } from 'vitest'
import type { PeerInfo } from '../stacks/port.ts'
import { LOST_RECENTLY_MS, PeerKeeper } from './keeper.ts'

const addresses = ['/ip4/127.0.0.1/tcp/1']
const limits = { inbound: 8, outbound: 8, perHost: 8 }
const connection = (id: string): PeerInfo => ({
  id,
  address: addresses[0]!,
  host: '127.0.0.1',
  direction: 'outbound',
  connectedAt: 0,
  latencyMs: null,
})

test('a peer counts as lost from its unwanted end until it is back or long gone', () => {
  const keeper = new PeerKeeper({
    self: 'me',
    bootstrap: [{ id: 'boot', addresses }],
    static: [{ id: 'fixed', addresses }],
    limits,
    rng: () => 0.5,
  })
  keeper.discovered([{ id: 'other', addresses }], 'exchange', 'boot')
  expect(['fixed', 'boot', 'other', 'stranger'].map(id => keeper.kindOf(id))).toEqual([
    'static',
    'bootstrap',
    'discovered',
    'discovered',
  ])
  for (const id of ['boot', 'fixed', 'other']) keeper.connected(connection(id), 1_000)
  expect(keeper.lost(1_000)).toBe(0)
  keeper.disconnected(connection('boot'), 2_000)
  keeper.disconnected(connection('other'), 3_000)
  expect(keeper.lost(3_000)).toBe(2)
  keeper.connected(connection('other'), 4_000)
  expect(keeper.lost(4_000)).toBe(1)
  expect(keeper.lost(2_000 + LOST_RECENTLY_MS)).toBe(0)
})

test('the wait after a failed dial is known until one succeeds', () => {
  const keeper = new PeerKeeper({
    self: 'me',
    bootstrap: [{ id: 'boot', addresses }],
    static: [],
    limits,
    rng: () => 0,
  })
  expect(keeper.sinceFailure('boot', 0)).toBeNull()
  keeper.dialEnded('boot', false, 1_000)
  expect(keeper.sinceFailure('boot', 1_250)).toBe(250)
  keeper.connected(connection('boot'), 2_000)
  expect(keeper.sinceFailure('boot', 3_000)).toBeNull()
})
