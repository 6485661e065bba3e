import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PeerInfo } from '../stacks/port.ts'
import { backoffMs, isDue, URGENT_CAP_MS } from './backoff.ts'
import { chooseEviction } from './eviction.ts'
import { PeerKeeper } from './keeper.ts'
import { type Limits, MAX_DIALS, OUTBOUND_SLACK, type Plan, SEEK_INTERVAL_MS, TRIM_AFTER_MS } from './policy.ts'
import type { Rng } from './sample.ts'

const limits: Limits = { outbound: 8, inbound: 12, perHost: 4 }
const seeded = (seed: number): Rng => {
  let state = seed % 2_147_483_646 || 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
const hostOfPeer = (n: number) => `10.${n % 40}.0.${n % 200}`
const address = (n: number) => ({ id: `p${n}`, addresses: [`/ip4/${hostOfPeer(n)}/tcp/1`] })
const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i)

/** A network of which some peers answer, driven in virtual time. */
class World {
  readonly keeper: PeerKeeper
  readonly up = new Map<string, PeerInfo>()
  readonly dialling = new Map<string, number>()
  reachable: (id: string) => boolean = () => true
  now = 1_000_000
  readonly #rng: Rng

  constructor(seed: number, bootstrap = 3, known = 40, own: Limits = limits) {
    this.#rng = seeded(seed)
    this.keeper = new PeerKeeper({
      self: 'self',
      bootstrap: range(bootstrap).map(address),
      static: [],
      limits: own,
      rng: this.#rng,
    })
    for (const n of range(known, bootstrap)) this.keeper.discovered([address(n)], 'dht', `teller${n}`)
  }

  info(id: string, direction: 'inbound' | 'outbound'): PeerInfo {
    const host = hostOfPeer(Number(id.slice(1)))
    return {
      id,
      host,
      address: `/ip4/${host}/tcp/1`,
      direction,
      connectedAt: this.now,
      latencyMs: Math.floor(this.#rng() * 200),
    }
  }

  open(id: string, direction: 'inbound' | 'outbound'): void {
    const info = this.info(id, direction)
    this.up.set(id, info)
    this.keeper.connected(info, this.now)
  }

  close(id: string): void {
    const info = this.up.get(id)
    if (info === undefined) return
    this.up.delete(id)
    this.keeper.disconnected(info, this.now)
  }

  step(ms: number): Plan {
    this.now += ms
    for (const [id, endsAt] of [...this.dialling]) {
      const ok = this.reachable(id)
      if (!ok && endsAt > this.now) continue
      this.dialling.delete(id)
      if (ok && !this.up.has(id)) this.open(id, 'outbound')
      this.keeper.dialEnded(id, ok, this.now)
    }
    const plan = this.keeper.plan([...this.up.values()], this.now)
    for (const { peer, timeoutMs } of plan.connect) this.dialling.set(peer.id, this.now + timeoutMs)
    for (const { peer } of plan.disconnect) this.close(peer)
    return plan
  }

  outbound(): number {
    return [...this.up.values()].filter(peer => peer.direction === 'outbound').length
  }
}

describe('policy', () => {
  test('fills its outbound slots from different network groups', () => {
    const world = new World(1, 0, 40)
    for (const _ of range(8)) world.step(250)
    expect(world.outbound()).toBe(limits.outbound)
    expect(new Set([...world.up.values()].map(peer => peer.host)).size).toBe(limits.outbound)
  })

  test('an isolated node is back within about a second of the heal, however long it was cut', () => {
    for (const cutMs of [10_000, 120_000, 1_800_000]) {
      const world = new World(7)
      for (const _ of range(20)) world.step(250)
      world.reachable = () => false
      for (const id of [...world.up.keys()]) world.close(id)
      for (let t = 0; t < cutMs; t += 250) world.step(250)
      expect(world.up.size).toBe(0)
      world.reachable = () => true
      const healedAt = world.now
      while (world.up.size === 0 && world.now - healedAt < 60_000) world.step(50)
      expect(world.now - healedAt, `after a cut of ${cutMs} ms`).toBeLessThanOrEqual(URGENT_CAP_MS + 300)
    }
  })

  test('a side of a partition that has filled its slots still seeks the other side', () => {
    const world = new World(3, 0, 60)
    for (const _ of range(20)) world.step(250)
    const lost = [...world.up.keys()].slice(0, 4)
    world.reachable = id => !lost.includes(id)
    for (const id of lost) world.close(id)
    for (const _ of range(240)) world.step(250)
    expect(world.outbound()).toBeGreaterThanOrEqual(limits.outbound)
    world.reachable = () => true
    const healedAt = world.now
    while (!lost.some(id => world.up.has(id)) && world.now - healedAt < 60_000) world.step(250)
    expect(world.now - healedAt).toBeLessThanOrEqual(2 * SEEK_INTERVAL_MS)
  })

  test('excess outbound peers go one at a time, and are not taken for lost', () => {
    const world = new World(5, 0, 0)
    for (const n of range(11)) {
      world.keeper.discovered([address(n)], 'dht', 't')
      world.open(`p${n}`, 'outbound')
    }
    const dropped: string[] = []
    for (const _ of range(16)) dropped.push(...world.step(TRIM_AFTER_MS / 4).disconnect.map(drop => drop.peer))
    expect(dropped).toHaveLength(3)
    expect(world.outbound()).toBe(limits.outbound)
    for (const id of dropped) expect(world.keeper.book.get(id)!.lostAt).toBeNull()
  })

  test('static peers are dialled beside full slots', () => {
    const rng = seeded(9)
    const keeper = new PeerKeeper({
      self: 'self',
      bootstrap: [],
      static: [address(99)],
      limits: { ...limits, outbound: 0 },
      rng,
    })
    expect(keeper.plan([], 0).connect).toMatchObject([{ peer: { id: 'p99' }, reason: 'static' }])
  })

  test('eviction spares the near, the old and the rare, and thins out the largest group', () => {
    const peer = (id: string, host: string, connectedAt: number, latencyMs: number): PeerInfo => {
      return { id, host, address: host, direction: 'inbound', connectedAt, latencyMs }
    }
    const honest = range(12).map(n => peer(`honest${n}`, `10.${n}.0.1`, n, 10 + n))
    const sybils = range(20).map(n => peer(`sybil${n}`, `66.6.0.${n}`, 1_000 + n, 100 + n))
    let all = [...honest, ...sybils]
    for (const _ of range(16)) {
      const gone = chooseEviction(all)!
      expect(gone.id).toMatch(/^sybil/)
      all = all.filter(other => other !== gone)
    }
  })

  test('backoff grows, is capped, and an urgent one stays below a second', () => {
    expect([1, 2, 3, 4].map(failures => backoffMs(failures, 1, false))).toEqual([250, 500, 1_000, 2_000])
    expect(backoffMs(1_000, 1, false)).toBe(60_000)
    expect(backoffMs(1_000, 1, true)).toBe(URGENT_CAP_MS)
  })

  test('whatever happens: no limit is passed, nobody is dialled while blocked or backing off', () => {
    const step = fc.record({
      kind: fc.constantFrom('wait', 'wait', 'inbound', 'lose', 'offend', 'cut', 'heal'),
      n: fc.nat(80),
      ms: fc.integer({ min: 10, max: 5_000 }),
    })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.array(step, { maxLength: 120 }), (seed, steps) => {
        const world = new World(seed)
        for (const { kind, n, ms } of steps) {
          const id = `p${n}`
          if (kind === 'inbound' && !world.up.has(id) && !world.keeper.denies(id, world.now)) world.open(id, 'inbound')
          if (kind === 'lose') world.close(id)
          if (kind === 'offend') world.keeper.offended(id, 'rejected-block', world.now)
          if (kind === 'cut') world.reachable = other => Number(other.slice(1)) % 2 === n % 2
          if (kind === 'heal') world.reachable = () => true
          const before = new Map(world.keeper.book.entries().map(entry => [entry.id, { ...entry }]))
          const running = new Set(world.dialling.keys())
          const plan = world.step(kind === 'wait' ? ms : 10)
          expect(world.dialling.size).toBeLessThanOrEqual(MAX_DIALS)
          for (const dial of plan.connect) {
            expect(world.keeper.denies(dial.peer.id, world.now)).toBe(false)
            expect(world.up.has(dial.peer.id)).toBe(false)
            const entry = world.keeper.book.get(dial.peer.id)!
            const same = entry.failures === before.get(entry.id)?.failures
            if (same && running.has(entry.id)) expect.unreachable(`${entry.id} is dialled twice`)
            expect(isDue(entry, world.now, true)).toBe(true)
          }
          const inbound = [...world.up.values()].filter(peer => peer.direction === 'inbound')
          expect(inbound.length).toBeLessThanOrEqual(limits.inbound)
          for (const [, peers] of Map.groupBy(inbound, peer => peer.host))
            expect(peers.length).toBeLessThanOrEqual(limits.perHost)
          expect(world.outbound()).toBeLessThanOrEqual(limits.outbound + OUTBOUND_SLACK)
          for (const peer of world.up.keys()) expect(world.keeper.denies(peer, world.now)).toBe(false)
        }
      }),
      { numRuns: 150 },
    )
  })
})
