import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { STALL_MS } from './bounds.ts'
import { type Behaviour, type PeerOptions, World } from './simulated-world.ts'

const honest: PeerOptions = { behaviour: 'honest', latencyMs: 20, bodyMs: 2 }
const bad = (behaviour: Behaviour): PeerOptions => ({ behaviour, latencyMs: 5, bodyMs: 1 })
const wicked: Behaviour[] = ['stalls', 'liar', 'unlinked', 'forger', 'cheat', 'garbage', 'swapper', 'absent', 'flapper']
const runs = Number(process.env.TRELLIS_SYNC_RUNS ?? 25)

describe('scheduler', () => {
  test('catches up by a few blocks in one round trip for headers and one for bodies', () => {
    const world = new World({ seed: 1, peers: [honest, honest, honest], height: 60, ownHeight: 30, importMs: 0.1 })
    const taken = world.run(5_000)
    // Handshakes arrive within 50 ms; two round trips of 40 ms; the line and the importer take the rest.
    expect(taken, world.describe()).toBeLessThan(50 + 80 + 60)
  })

  test('asks in the same step in which a better head is announced', () => {
    const world = new World({ seed: 2, peers: [honest], height: 40, ownHeight: 20 })
    world.run(5_000)
    expect(world.firstRequest.at! - 1_000_000).toBeLessThan(50)
  })

  test('takes the other side of a fork whole before the switch', () => {
    const world = new World({ seed: 3, peers: [honest, honest], height: 700, ownHeight: 650, forkHeight: 20 })
    const before = world.head
    world.run(20_000)
    expect(before.height).toBe(650)
    expect(world.imported).toHaveLength(680)
  })

  test('fetches nothing of a chain with less work', () => {
    const world = new World({ seed: 4, peers: [honest], height: 30, ownHeight: 31, forkHeight: 10 })
    expect(() => world.run(3_000)).toThrow('not at the head')
    expect(world.requestsSent).toBe(0)
  })

  test('joins late and reaches the head while blocks keep coming', () => {
    const peers = Array.from({ length: 4 }, () => honest)
    const world = new World({ seed: 5, peers, height: 2_000, growth: 20, blockIntervalMs: 300 })
    world.run(20_000)
    expect(world.head.height).toBe(2_020)
  })

  test('is faster with more peers', () => {
    const slow: PeerOptions = { behaviour: 'honest', latencyMs: 20, bodyMs: 10 }
    const taken = [1, 2, 4, 8].map(count => {
      const world = new World({
        seed: 6,
        peers: Array.from({ length: count }, () => slow),
        height: 1_500,
        importMs: 0.2,
      })
      return world.run(60_000)
    })
    expect(taken[1]! / taken[0]!, String(taken)).toBeLessThan(0.6)
    expect(taken[2]! / taken[0]!, String(taken)).toBeLessThan(0.35)
    expect(taken[3]! / taken[0]!, String(taken)).toBeLessThan(0.22)
  })

  test('asks no block twice when every peer is prompt', () => {
    const world = new World({ seed: 7, peers: [honest, honest, honest, honest], height: 1_000 })
    world.run(20_000)
    expect(Math.max(...world.asked.values())).toBe(1)
    expect(world.punished.size).toBe(0)
  })

  test.each([8, 9, 10])('a stalled peer costs at most its time-out (seed %i)', seed => {
    const fine = new World({ seed, peers: [honest, honest], height: 600 }).run(60_000)
    const stalled = new World({ seed, peers: [honest, honest, bad('stalls')], height: 600 }).run(60_000)
    expect(stalled).toBeLessThan(fine + STALL_MS)
  })

  test.each(wicked)('one honest peer is enough beside two that are %s', behaviour => {
    const world = new World({ seed: 11, peers: [honest, bad(behaviour), bad(behaviour)], height: 900, growth: 5 })
    world.run(90_000)
    expect(world.head.height).toBe(905)
    expect([...world.punished.keys()].filter(peer => peer.endsWith('honest'))).toEqual([])
  })

  test.each(['liar', 'unlinked', 'forger', 'cheat', 'garbage', 'swapper'] as Behaviour[])(
    'a peer that is %s pays',
    behaviour => {
      const world = new World({ seed: 12, peers: [honest, bad(behaviour)], height: 900, growth: 10 })
      world.run(90_000)
      expect([...world.punished.keys()], world.describe()).toContain(`peer-1-${behaviour}`)
    },
  )

  test('bodies of the greatest size stay within the byte bound', () => {
    const big: PeerOptions = { behaviour: 'honest', latencyMs: 20, bodyMs: 40 }
    const size = 4 * 1024 * 1024
    const world = new World({
      seed: 13,
      peers: [big, big, big],
      height: 60,
      importMs: 60,
      bodyBytes: size,
      maxBlockBytes: size,
    })
    world.run(60_000)
    expect(world.head.height).toBe(60)
  })

  test('any company of peers with one honest among them ends at the best valid head', () => {
    const peer = fc.record({
      behaviour: fc.constantFrom<Behaviour>('honest', 'honest', ...wicked),
      latencyMs: fc.integer({ min: 1, max: 300 }),
      bodyMs: fc.constantFrom(0.5, 2, 10, 60),
    })
    const arbitrary = fc.record({
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      others: fc.array(peer, { maxLength: 7 }),
      height: fc.integer({ min: 1, max: 1_300 }),
      ownHeight: fc.integer({ min: 0, max: 600 }),
      forkHeight: fc.integer({ min: 0, max: 600 }),
      growth: fc.integer({ min: 0, max: 10 }),
      importMs: fc.constantFrom(0.1, 1, 5),
    })
    fc.assert(
      fc.property(arbitrary, ({ others, height, ownHeight, forkHeight, ...rest }) => {
        const own = Math.min(ownHeight, height - 1)
        const world = new World({
          ...rest,
          height,
          ownHeight: own,
          forkHeight: Math.min(forkHeight, own),
          peers: [honest, ...others],
        })
        world.run(180_000)
        expect(world.head.hash).toBe(world.honestHead.hash)
        expect([...world.punished.keys()].filter(id => id.endsWith('honest'))).toEqual([])
      }),
      { numRuns: runs },
    )
  })
})
