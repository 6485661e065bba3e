import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AddressBook, MAX_NEW, MAX_NEW_PER_HOST, MAX_NEW_PER_SOURCE, MAX_TRIED } from './address-book.ts'
import { MAX_ADDRESSES } from './exchange.ts'

const at = (id: string, host: string) => ({ id, addresses: [`/ip4/${host}/tcp/1`] })
const many = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, i) => at(`${prefix}${i}`, `10.${prefix.length}.${i >> 8}.${i & 255}`))

describe('address book', () => {
  test('one host and one teller cannot fill it; configuration is never refused', () => {
    const book = new AddressBook('self')
    for (let i = 0; i < 100; i++) book.add([at(`h${i}`, '10.0.0.1')], 'dht', `teller${i}`)
    expect(book.size).toBe(MAX_NEW_PER_HOST)
    book.add(many(500, 'xx'), 'exchange', 'liar')
    expect(book.size).toBe(MAX_NEW_PER_HOST + MAX_NEW_PER_SOURCE)
    book.add([at('boot', '10.0.0.1')], 'bootstrap')
    expect(book.get('boot')).toBeDefined()
  })

  test('nodes that share 127.0.0.1 are not capped by host', () => {
    const book = new AddressBook('self')
    for (let i = 0; i < 100; i++) book.add([at(`h${i}`, '127.0.0.1')], 'dht', `teller${i}`)
    expect(book.size).toBe(100)
  })

  test('an address that worked is not replaced by hearsay, but by the peer itself', () => {
    const book = new AddressBook('self')
    book.add([at('p', '10.0.0.1')], 'dht', 'teller')
    book.succeeded('p', 1)
    book.add([at('p', '10.0.0.2')], 'exchange', 'liar')
    expect(book.get('p')!.addresses).toEqual(['/ip4/10.0.0.1/tcp/1'])
    book.add([at('p', '10.0.0.3')], 'exchange', 'p')
    expect(book.get('p')!.addresses).toEqual(['/ip4/10.0.0.3/tcp/1'])
  })

  test('a restart keeps what worked, and broken files are harmless', () => {
    const book = new AddressBook('self')
    book.add([at('worked', '10.0.0.1'), at('told', '10.0.0.2')], 'dht', 'teller')
    book.succeeded('worked', 7)
    const again = new AddressBook('self')
    again.restore(JSON.parse(JSON.stringify(book)))
    expect(again.entries().map(entry => [entry.id, entry.lastSuccess])).toEqual([['worked', 7]])
    for (const broken of [null, 1, {}, [null], [{ id: 'x' }], [{ id: 'x', addresses: [1], source: 'dht' }]])
      again.restore(broken)
    expect(again.size).toBe(1)
  })

  test('whatever is told and tried, the bounds hold', () => {
    const peer = fc.record({
      id: fc.nat(5_000).map(n => `p${n}`),
      addresses: fc.array(
        fc.nat(300).map(n => `/ip4/10.${n >> 4}.0.${n & 15}/tcp/${n}`),
        { maxLength: 12 },
      ),
    })
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('add' as const),
        peers: fc.array(peer, { maxLength: 60 }),
        from: fc.nat(30).map(n => `t${n}`),
      }),
      fc.record({
        kind: fc.constantFrom('succeeded' as const, 'failed' as const, 'ended' as const),
        of: fc.nat(5_000),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), steps => {
        const book = new AddressBook('p0')
        for (const [now, s] of steps.entries()) {
          if (s.kind === 'add') book.add(s.peers, 'dht', s.from)
          else if (s.kind === 'succeeded') book.succeeded(`p${s.of}`, now)
          else if (s.kind === 'failed') book.failed(`p${s.of}`, now, () => 0.5)
          else book.ended(`p${s.of}`, now, true, null)
        }
        const entries = book.entries()
        const fresh = entries.filter(entry => entry.lastSuccess === null)
        expect(book.get('p0')).toBeUndefined()
        expect(fresh.length).toBeLessThanOrEqual(MAX_NEW)
        expect(entries.length - fresh.length).toBeLessThanOrEqual(MAX_TRIED)
        for (const entry of entries) expect(entry.addresses.length).toBeLessThanOrEqual(MAX_ADDRESSES)
        for (const [, told] of Map.groupBy(fresh, entry => entry.from))
          expect(told.length).toBeLessThanOrEqual(MAX_NEW_PER_SOURCE)
      }),
      { numRuns: 100 },
    )
  })
})
