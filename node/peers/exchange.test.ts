import { expect, test } from 'vitest'
import { RequestRefused } from '../stacks/port.ts'
import {
  acceptable,
  EXCHANGE_RATE,
  ExchangeServer,
  MAX_ADDRESS_LENGTH,
  MAX_ADDRESSES,
  MAX_EXCHANGED,
} from './exchange.ts'
import { hostOf, networkGroup } from './host.ts'

const rng = () => 0.5
const records = Array.from({ length: 100 }, (_, i) => ({ id: `p${i}`, bytes: Uint8Array.of(i) }))

test('an answer is a bounded sample without the asker', () => {
  const answer = new ExchangeServer().answer(records.slice(0, 10), 'p3', 0, rng)
  expect(answer.map(bytes => bytes[0]).sort()).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9])
  expect(new ExchangeServer().answer(records, 'x', 0, rng)).toHaveLength(MAX_EXCHANGED)
})

test('who asks too often is refused, others are not', () => {
  const server = new ExchangeServer()
  for (let i = 0; i < EXCHANGE_RATE.burst; i++) server.answer(records, 'greedy', 0, rng)
  expect(() => server.answer(records, 'greedy', 0, rng)).toThrow(RequestRefused)
  expect(server.answer(records, 'other', 0, rng)).toHaveLength(MAX_EXCHANGED)
  expect(server.answer(records, 'greedy', 1_001, rng)).toHaveLength(MAX_EXCHANGED)
})

test('told addresses are kept within bounds', () => {
  const told = [
    { id: 'self', addresses: ['/ip4/10.0.0.1/tcp/1'] },
    { id: 'none', addresses: [] },
    { id: 'long', addresses: [`/dns/${'x'.repeat(MAX_ADDRESS_LENGTH)}/tcp/1`] },
    { id: 'many', addresses: Array.from({ length: 50 }, (_, i) => `/ip4/10.0.0.1/tcp/${i}`) },
    { id: 'many', addresses: ['/ip4/10.0.0.9/tcp/1'] },
  ]
  const kept = acceptable(told, 'self')
  expect(kept.map(peer => [peer.id, peer.addresses.length])).toEqual([['many', MAX_ADDRESSES]])
})

test.each([
  ['/ip4/10.1.2.3/tcp/9', '10.1.2.3', '10.1'],
  ['/ip4/127.0.0.5/tcp/9/ws', '127.0.0.5', '127.0.0.5'],
  ['/ip6/2001:db8::1/tcp/9', '2001:db8::1', '2001:db8'],
  ['ws://10.1.2.3:80', '10.1.2.3', '10.1'],
  ['/dns/node.example/tcp/9', 'node.example', 'node.example'],
])('host and network group of %s', (address, host, group) => {
  expect(hostOf(address)).toBe(host)
  expect(networkGroup(host)).toBe(group)
})
