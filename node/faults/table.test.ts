import { describe, expect, test, vi } from 'vitest'
import type { Link, LinkRow } from '../../api/link.ts'
import { Links } from './links.ts'
import { type Direction, LinkTable, MAX_ENDED_ROWS, MAX_ENTRIES, MAX_ROW_MS, MAX_ROWS, RowRefused } from './table.ts'

const now = 1_000_000
const drop: Link = { drop: true }
const peer = (n: number, host = `127.1.0.${n}`) => ({ name: `node-${n}`, host, peerId: `id-${n}` })
const row = (
  id: string,
  link: Link,
  peers = [peer(1)],
  endsAt = now + 1_000,
  direction: Direction = 'out',
): LinkRow => ({
  id,
  endsAt,
  classes: [{ direction, link, peers }],
})
const codeOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    if (error instanceof RowRefused) return error.code
    throw error
  }
  return 'taken'
}

describe('link table', () => {
  test.each<{ name: string; row: LinkRow; code: string }>([
    { name: 'ends now', row: row('r', drop, [], now), code: 'past' },
    { name: 'ended long ago', row: row('r', drop, [], 1), code: 'past' },
    { name: 'ends in 24 h', row: row('r', drop, [], now + MAX_ROW_MS), code: 'taken' },
    { name: 'ends later than that', row: row('r', drop, [], now + MAX_ROW_MS + 1), code: 'too-far' },
    { name: 'has the configuration’s id', row: row('standing', drop), code: 'reserved' },
    {
      name: 'reorders what is a stream',
      row: row('r', { drop: false, delayMs: 9, reordering: 0.1 }),
      code: 'unsupported',
    },
    {
      name: 'names too many peers',
      row: row(
        'r',
        drop,
        Array.from({ length: MAX_ENTRIES + 1 }, (_, i) => peer(i)),
      ),
      code: 'too-many',
    },
  ])('a row that $name: $code', ({ row, code }) => {
    expect(codeOf(() => new LinkTable('127.0.0.1', []).apply(row, now))).toBe(code)
  })

  test('a peer whose host nobody knows is told by its id alone', () => {
    const slow: Link = { drop: false, delayMs: 40 }
    const peers = [peer(1, ''), peer(2, '')]
    const table = new LinkTable('127.0.0.1', [{ direction: 'out', link: slow, peers }])
    expect(table.effect({ host: '127.1.0.1' }, 'out').link).toEqual({ drop: false })
    expect(table.effect({ host: '' }, 'out').link).toEqual({ drop: false })
    expect(table.effect({ host: '127.1.0.1', peerId: 'id-2' }, 'out').link).toEqual(slow)
  })

  test('what always holds is replaced as a whole, rows stay, and the counters of who stays go on', () => {
    const slow = (delayMs: number, ...peers: ReturnType<typeof peer>[]) => [
      { direction: 'out' as const, link: { drop: false, delayMs }, peers },
    ]
    const table = new LinkTable('127.0.0.1', slow(40, peer(1), peer(2)))
    table.apply(row('r', { drop: false, delayMs: 5 }, [peer(1), peer(3)]), now)
    const before = table.effect(peer(1), 'out').entries.find(({ link }) => link.delayMs === 40)!
    before.delayedBytes = 7
    table.stand(slow(60, peer(1), peer(3)))
    const delay = (n: number) => table.effect(peer(n), 'out').link.delayMs
    expect([delay(1), delay(2), delay(3)]).toEqual([65, undefined, 65])
    expect(table.effect(peer(1), 'out').entries.map(({ delayedBytes }) => delayedBytes)).toContain(7)
  })

  test('rows are bounded, and replacing one is always possible', () => {
    const table = new LinkTable('127.0.0.1', [])
    for (let i = 0; i < MAX_ROWS; i++) table.apply(row(`r${i}`, drop), now)
    expect(codeOf(() => table.apply(row('one more', drop), now))).toBe('too-many')
    expect(table.apply(row('r0', drop), now)).toBe('replaced')
    for (let i = 0; i < 3 * MAX_ENDED_ROWS; i++) {
      table.remove('r1', now)
      table.apply(row('r1', drop), now)
    }
    expect(table.status({ ended: true })).toHaveLength(MAX_ROWS + MAX_ENDED_ROWS)
  })

  test('standing links and rows that name a peer compose, per direction', () => {
    const table = new LinkTable('127.0.0.1', [
      { direction: 'out', link: { drop: false, delayMs: 40 }, peers: [peer(1)] },
    ])
    table.apply(row('slow', { drop: false, delayMs: 10, rate: 500 }), now)
    expect(table.effect({ host: '127.1.0.1' }, 'out').link).toEqual({ drop: false, delayMs: 50, rate: 500 })
    table.apply(row('cut', drop, [peer(1)], now + 10, 'in'), now)
    expect(table.effect({ host: '127.1.0.1' }, 'out').link.drop).toBe(false)
    expect(table.effect({ host: '127.1.0.1' }, 'in').link).toEqual(drop)
    expect(table.effect({ host: '127.1.0.2', peerId: 'id-2' }, 'in').link).toEqual({ drop: false })
    expect(table.expire(now + 9)).toEqual([])
    expect(table.expire(now + 10)).toEqual(['cut'])
    expect(table.effect({ host: '127.1.0.1' }, 'in').link).toEqual({ drop: false })
    expect(table.nextEnd()).toBe(now + 1_000)
  })

  test.each<{
    name: string
    own: string
    peers: ReturnType<typeof peer>[]
    remote: { host: string; peerId?: string }
    drops: boolean
  }>([
    {
      name: 'by host before the handshake',
      own: '127.1.0.9',
      peers: [peer(1)],
      remote: { host: '127.1.0.1' },
      drops: true,
    },
    {
      name: 'by host in its IPv6 form',
      own: '127.1.0.9',
      peers: [peer(1)],
      remote: { host: '::FFFF:127.1.0.1' },
      drops: true,
    },
    {
      name: 'by peer id at another host',
      own: '127.1.0.9',
      peers: [peer(1)],
      remote: { host: '10.0.0.1', peerId: 'id-1' },
      drops: true,
    },
    {
      name: 'not by this node’s own host',
      own: '127.1.0.1',
      peers: [peer(1)],
      remote: { host: '127.1.0.1' },
      drops: false,
    },
    {
      name: 'not by a host two peers share',
      own: 'x',
      peers: [peer(1, 'h'), peer(2, 'h')],
      remote: { host: 'h', peerId: 'id-3' },
      drops: false,
    },
    {
      name: 'by id at a shared host',
      own: 'h',
      peers: [peer(1, 'h')],
      remote: { host: 'h', peerId: 'id-1' },
      drops: true,
    },
  ])('a peer is known $name', ({ own, peers, remote, drops }) => {
    const table = new LinkTable(own, [])
    table.apply(row('r', drop, peers), now)
    expect(table.effect(remote, 'out').link.drop).toBe(drops)
  })

  test('counters go on when a row is renewed and can be read after its end', () => {
    const table = new LinkTable('127.0.0.1', [])
    table.apply(row('r', drop), now)
    table.effect({ host: '127.1.0.1' }, 'out').entries[0]!.heldBytes += 7
    table.apply(row('r', drop, [peer(1), peer(2)], now + 5_000), now)
    expect(table.find('r')?.links.map(link => link.heldBytes)).toEqual([7, 0])
    table.remove('r', now + 3)
    expect(table.status()).toEqual([])
    expect(table.find('r')).toMatchObject({ endsAt: now + 3, links: [{ peer: 'node-1', heldBytes: 7 }, {}] })
  })
})

test('a row ends by the node’s own timer and its listeners are told', async () => {
  const rows: string[] = []
  const links = new Links({ ownHost: '127.0.0.1', onRow: (id, change) => rows.push(`${id} ${change}`) })
  let dropsWhenTold: boolean | undefined
  links.subscribe(() => {
    dropsWhenTold = links.effect({ host: '127.1.0.1' }, 'out').link.drop
  })
  const endsAt = Date.now() + 120
  links.apply(row('r', drop, [peer(1)], endsAt))
  expect(dropsWhenTold).toBe(true)
  await vi.waitFor(() => expect(dropsWhenTold).toBe(false), { timeout: 5_000, interval: 5 })
  expect(Date.now()).toBeGreaterThanOrEqual(endsAt)
  expect(rows).toEqual(['r applied', 'r ended'])
  links.stop()
})

test('bytes are counted as held, delayed or leaked', () => {
  const links = new Links({ ownHost: '127.0.0.1' })
  links.apply(row('cut', drop, [peer(1)], Date.now() + 60_000))
  links.apply(row('slow', { drop: false, delayMs: 5 }, [peer(1)], Date.now() + 60_000))
  const { entries } = links.effect({ host: '127.1.0.1' }, 'out')
  links.met(entries, 'out', 10)
  links.delivered(entries, 'out', 3)
  expect(links.find('cut')?.links).toEqual([
    { peer: 'node-1', direction: 'out', heldBytes: 10, delayedBytes: 0, leakedBytes: 3 },
  ])
  expect(links.find('slow')?.links).toEqual([
    { peer: 'node-1', direction: 'out', heldBytes: 0, delayedBytes: 10, leakedBytes: 0 },
  ])
  expect(links.totals.out).toEqual({ heldBytes: 10, delayedBytes: 0, leakedBytes: 3 })
  expect(links.clear().map(({ id }) => id)).toEqual(['cut', 'slow'])
  links.stop()
})
