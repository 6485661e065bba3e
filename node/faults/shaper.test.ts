import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Link } from '../../api/link.ts'
import { blocks, MAX_HELD_BYTES, RESUME_HELD_BYTES, RETRANSMISSION_TIMEOUT_MS, type Rng, Shaper } from './shaper.ts'

interface Piece {
  readonly byteLength: number
  readonly index: number
}

const never: Rng = () => 0.999999
const numbers = (values: readonly number[]): Rng => {
  let i = 0
  return () => values[i++ % values.length]!
}

const linkArbitrary: fc.Arbitrary<Link> = fc.record(
  {
    drop: fc.boolean(),
    delayMs: fc.integer({ min: 0, max: 500 }),
    jitterMs: fc.integer({ min: 0, max: 200 }),
    correlation: fc.double({ min: 0, max: 1, noNaN: true }),
    loss: fc.double({ min: 0, max: 1, noNaN: true }),
    rate: fc.integer({ min: 100, max: 1_000_000 }),
  },
  { requiredKeys: ['drop'] },
)
const stepArbitrary = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), size: fc.integer({ min: 0, max: 50_000 }) }),
  fc.record({ kind: fc.constant('relink' as const), link: linkArbitrary }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 2_000 }) }),
)
const rngArbitrary = fc
  .array(fc.double({ min: 0, max: 0.999999, noNaN: true }), { minLength: 1, maxLength: 64 })
  .map(numbers)

describe('shaper', () => {
  test('whatever the links do, every byte leaves once, in order, not while dropped, and all when the link opens', () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 60 }), rngArbitrary, (steps, rng) => {
        const shaper = new Shaper<Piece>()
        let now = 0
        let put = 0
        let held = 0
        const left: number[] = []
        const drain = () => {
          for (let p = shaper.take(now); p; p = shaper.take(now)) {
            expect(blocks(shaper.link)).toBe(false)
            left.push(p.index)
            held -= p.byteLength
          }
          const next = shaper.nextAt()
          if (next !== null) expect(next).toBeGreaterThan(now)
        }
        for (const step of steps) {
          if (step.kind === 'put') {
            shaper.put({ byteLength: step.size, index: put++ }, now, rng)
            held += step.size
          } else if (step.kind === 'relink') shaper.relink(step.link, now)
          else now += step.ms
          drain()
          expect(shaper.heldBytes).toBe(held)
          if (shaper.heldBytes >= MAX_HELD_BYTES) expect(shaper.full).toBe(true)
          if (shaper.heldBytes <= RESUME_HELD_BYTES) expect(shaper.full).toBe(false)
        }
        shaper.relink({ drop: false }, now)
        drain()
        expect(left).toEqual(Array.from({ length: put }, (_, i) => i))
        expect(shaper.transparent).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test('no piece leaves earlier than delay and rate allow', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 300 }),
        fc.option(fc.integer({ min: 100, max: 100_000 }), { nil: undefined }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.array(fc.record({ gap: fc.integer({ min: 0, max: 50 }), size: fc.integer({ min: 1, max: 5_000 }) }), {
          minLength: 1,
          maxLength: 40,
        }),
        rngArbitrary,
        (delayMs, rate, loss, puts, rng) => {
          const shaper = new Shaper<Piece>()
          shaper.relink({ drop: false, delayMs, loss, ...(rate !== undefined && { rate }) }, 0)
          const arrivals: number[] = []
          let now = 0
          for (const [index, put] of puts.entries()) {
            now += put.gap
            arrivals.push(now)
            shaper.put({ byteLength: put.size, index }, now, rng)
          }
          let bytes = 0
          for (let at = shaper.nextAt(); at !== null; at = shaper.nextAt()) {
            const piece = shaper.take(at)!
            bytes += piece.byteLength
            expect(at).toBeGreaterThanOrEqual(arrivals[piece.index]! + delayMs)
            if (rate !== undefined) expect(bytes).toBeLessThanOrEqual((rate * (at - arrivals[0]!)) / 1_000 + 1e-6)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  test('jitter spreads around the delay with its deviation and keeps its correlation', () => {
    let seed = 1
    const rng: Rng = () => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed / 2_147_483_647
    }
    const shaper = new Shaper<Piece>()
    shaper.relink({ drop: false, delayMs: 1_000, jitterMs: 20, correlation: 0.5 }, 0)
    const delays: number[] = []
    // Far enough apart that order never binds.
    for (let i = 0; i < 4_000; i++) {
      shaper.put({ byteLength: 1, index: i }, i * 10_000, rng)
      const at = shaper.nextAt()!
      shaper.take(at)
      delays.push(at - i * 10_000)
    }
    const mean = delays.reduce((a, b) => a + b) / delays.length
    const centred = delays.map(d => d - mean)
    const variance = centred.reduce((a, b) => a + b * b, 0) / centred.length
    const covariance = centred.slice(1).reduce((a, b, i) => a + b * centred[i]!, 0) / centred.length
    expect(mean).toBeCloseTo(1_000, -1)
    expect(Math.sqrt(variance)).toBeGreaterThan(17)
    expect(Math.sqrt(variance)).toBeLessThan(23)
    expect(covariance / variance).toBeGreaterThan(0.4)
    expect(covariance / variance).toBeLessThan(0.6)
  })

  test.each<{ name: string; draws: number[]; waits: number }>([
    { name: 'no loss', draws: [0.9], waits: 0 },
    { name: 'one loss', draws: [0.1, 0.9], waits: RETRANSMISSION_TIMEOUT_MS },
    { name: 'lost again', draws: [0.1, 0.1, 0.9], waits: 3 * RETRANSMISSION_TIMEOUT_MS },
    { name: 'lost for good', draws: [0], waits: 63 * RETRANSMISSION_TIMEOUT_MS },
  ])('$name waits $waits ms', ({ draws, waits }) => {
    const shaper = new Shaper<Piece>()
    shaper.relink({ drop: false, delayMs: 10, loss: 0.2 }, 0)
    shaper.put({ byteLength: 100, index: 0 }, 0, numbers(draws))
    expect(shaper.nextAt()).toBe(10 + waits)
  })

  test('a drop holds what is on its way, and lets it set out anew when it ends', () => {
    const shaper = new Shaper<Piece>()
    shaper.relink({ drop: false, delayMs: 50 }, 0)
    shaper.put({ byteLength: 1, index: 0 }, 0, never)
    shaper.relink({ drop: true, delayMs: 50 }, 40)
    shaper.put({ byteLength: 1, index: 1 }, 45, never)
    expect(shaper.nextAt()).toBeNull()
    expect(shaper.take(1_000)).toBeUndefined()
    shaper.relink({ drop: false, delayMs: 50 }, 1_000)
    expect(shaper.take(1_049)).toBeUndefined()
    expect(shaper.take(1_050)?.index).toBe(0)
    expect(shaper.take(1_050)?.index).toBe(1)
  })

  test('the same link again does not start the delay anew', () => {
    const shaper = new Shaper<Piece>()
    shaper.relink({ drop: false, delayMs: 50 }, 0)
    shaper.put({ byteLength: 1, index: 0 }, 0, never)
    shaper.relink({ drop: false, delayMs: 50 }, 40)
    expect(shaper.nextAt()).toBe(50)
  })

  test('total loss holds like a drop', () => {
    const shaper = new Shaper<Piece>()
    shaper.relink({ drop: false, loss: 1 }, 0)
    shaper.put({ byteLength: 1, index: 0 }, 0, never)
    expect(shaper.nextAt()).toBeNull()
  })
})
