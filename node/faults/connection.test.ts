import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { Link } from '../../api/link.ts'
import { ShapedConnection } from './connection.ts'
import { Links } from './links.ts'
import { MAX_HELD_BYTES } from './shaper.ts'

const remote = { host: '127.1.0.2', peerId: 'id-2' }

/** A shaped end and the bare other end of one connection in memory. */
function start(options: { canPause: boolean } = { canPause: true }) {
  const links = new Links({ ownHost: '127.1.0.1' })
  const [inner, other] = multiaddrConnectionPair({ delay: 0 })
  // Like a WebSocket, which cannot stop the other end: what comes in meanwhile stays in the inner connection.
  if (!options.canPause) Object.assign(inner, { sendPause: () => {}, sendResume: () => {} })
  let gone = 0
  const shaped = new ShapedConnection(inner, {
    links,
    remote,
    rng: () => 0.5,
    onLinger: () => {},
    onGone: () => gone++,
  })
  const set = (link: Link | undefined): void => {
    if (link === undefined) links.clear()
    else {
      const peers = [{ name: 'other', ...remote }]
      const classes = (['in', 'out'] as const).map(direction => ({ direction, link, peers }))
      links.apply({ id: 'row', endsAt: Date.now() + 60_000, classes })
    }
  }
  return { links, shaped, other, set, gone: () => gone }
}

/** What a connection received, as the numbers that were written into it. */
function received(connection: MultiaddrConnection): number[] {
  const bytes: number[] = []
  connection.addEventListener('message', event => {
    for (const byte of event.data.subarray()) bytes.push(byte)
  })
  return bytes
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 2 })

test('whatever links come and go and whoever pauses, each end receives what the other wrote', async () => {
  const link: fc.Arbitrary<Link | undefined> = fc.constantFrom(
    undefined,
    { drop: true },
    { drop: false, delayMs: 3 },
    { drop: false, delayMs: 1, jitterMs: 2 },
    { drop: false, rate: 50_000 },
  )
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom('send', 'receive'), size: fc.integer({ min: 1, max: 40_000 }) }),
    fc.record({ kind: fc.constant('link'), link }),
    fc.record({ kind: fc.constantFrom('pause', 'resume', 'turn') }),
  ) as fc.Arbitrary<{ kind: string; size?: number; link?: Link }>
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async steps => {
      const { links, shaped, other, set } = start()
      const [here, there] = [received(shaped), received(other)]
      const [toHere, toThere]: [number[], number[]] = [[], []]
      let counter = 0
      const write = (to: MultiaddrConnection, expected: number[], size: number): void => {
        const bytes = Uint8Array.from({ length: size }, () => counter++ % 251)
        expected.push(...bytes)
        to.send(bytes)
      }
      for (const { kind, size = 0, link } of steps) {
        if (kind === 'send') write(shaped, toThere, size)
        else if (kind === 'receive') write(other, toHere, size)
        else if (kind === 'link') set(link)
        else if (kind === 'pause') shaped.pause()
        else if (kind === 'resume') shaped.resume()
        else await new Promise(resolve => setImmediate(resolve))
      }
      shaped.resume()
      links.clear()
      await eventually(() => expect([here.length, there.length]).toEqual([toHere.length, toThere.length]))
      expect(Buffer.compare(Buffer.from(here), Buffer.from(toHere))).toBe(0)
      expect(Buffer.compare(Buffer.from(there), Buffer.from(toThere))).toBe(0)
      expect(links.totals.in.leakedBytes + links.totals.out.leakedBytes).toBe(0)
      shaped.abort(new Error('end of run'))
      links.stop()
    }),
    { numRuns: 40 },
  )
})

test('an end that comes while the shaper is full does not overtake the bytes before it', async () => {
  const { links, shaped, other, set, gone } = start({ canPause: false })
  let bytes = 0
  let bytesAtClose = -1
  shaped.addEventListener('message', event => (bytes += event.data.byteLength))
  shaped.addEventListener('close', () => (bytesAtClose = bytes))
  set({ drop: true })
  const total = 3 * MAX_HELD_BYTES
  for (let sent = 0; sent < total; sent += 65_536) other.send(new Uint8Array(65_536))
  await eventually(() => expect(links.totals.in.heldBytes).toBeGreaterThanOrEqual(MAX_HELD_BYTES))
  await other.close()
  expect([bytes, shaped.status]).toEqual([0, 'open'])
  set(undefined)
  await eventually(() => expect(bytesAtClose).toBe(total))
  expect([shaped.status, gone(), links.subscribers]).toEqual(['closed', 1, 0])
})

test('a reset throws away what was held, a close does not', async () => {
  for (const end of ['close', 'abort'] as const) {
    const { shaped, other, set } = start()
    const there = received(other)
    set({ drop: true })
    shaped.send(Uint8Array.of(1, 2, 3))
    if (end === 'close') await shaped.close()
    else shaped.abort(new Error('reset'))
    expect(other.status).toBe('open')
    set(undefined)
    await eventually(() => expect(other.status).toBe(end === 'close' ? 'closed' : 'reset'))
    expect(there).toEqual(end === 'close' ? [1, 2, 3] : [])
  }
})

test('one write larger than the shaper holds waits outside of it and arrives whole', async () => {
  const { links, shaped, other, set } = start()
  const there = received(other)
  set({ drop: true })
  const bytes = Uint8Array.from({ length: 2.5 * MAX_HELD_BYTES }, (_, i) => i % 251)
  expect(shaped.send(bytes)).toBe(false)
  expect(links.totals.out.heldBytes).toBe(MAX_HELD_BYTES)
  set(undefined)
  await eventually(() => expect(there.length).toBe(bytes.length))
  expect(Buffer.compare(Buffer.from(there), bytes)).toBe(0)
})
