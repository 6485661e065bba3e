// Delays by a kernel that has sch_netem: what the compilers print, applied in a virtual machine, round trips measured
// pair by pair against the matrix.
import { beforeAll, describe, expect, test } from 'vitest'
import {
  errorsOf,
  HASTY_PINGS,
  haste,
  hasty,
  jitter,
  jittery,
  type Measured,
  measure,
  neighbours,
  other,
  overtaken,
  quickest,
  quickestOf,
} from './netem-scene.ts'
import { getParts, whyNoVm } from './parts.ts'

const reason = whyNoVm()
if (reason) console.error(`delays are not tested against a kernel: ${reason}`)

describe.skipIf(reason !== undefined)('in a virtual machine', () => {
  let measured: Measured
  beforeAll(async () => {
    measured = await measure(await getParts())
  }, 300_000)

  const calm = (): number => quickestOf(measured, 'before', 1, 2)

  test('the round trip of each pair is the sum of its delays, within 2 % or 0.2 ms', () => {
    const wrong = errorsOf(measured).filter(
      ({ expected, error }) => !(Math.abs(error) <= Math.max(0.2, expected * 0.02)),
    )
    expect(wrong).toEqual([])
  })

  test('delays end with the lease', () => {
    const late = neighbours.filter(([from, to]) => !(quickestOf(measured, 'after', from, to) < calm() + 0.5))
    expect(late).toEqual([])
  })

  test('jitter spreads as it was asked to, behind a limit too', () => {
    const samples = measured.times.get(`jitter ${jittery} ${other}`) ?? []
    expect(samples.length).toBe(150)
    const mean = samples.reduce((sum, ms) => sum + ms, 0) / samples.length
    const deviation = Math.sqrt(samples.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / samples.length)
    expect(Math.abs(mean - jitter.delayMs), `${mean} ms`).toBeLessThan(2)
    expect(deviation).toBeGreaterThan(2)
    expect(deviation).toBeLessThan(6)
  })

  test('the share of packets that is asked for overtakes the others', () => {
    const samples = measured.times.get(`hasty ${hasty} ${overtaken}`) ?? []
    expect(samples.length).toBe(HASTY_PINGS)
    const early = samples.filter(ms => ms < haste.delayMs / 2)
    const waited = samples.filter(ms => ms >= haste.delayMs / 2)
    // Four standard deviations of a share of so many.
    expect(Math.abs(early.length / HASTY_PINGS - haste.reordering), `${early.length} early`).toBeLessThan(0.13)
    expect(Math.abs(quickest(waited) - calm() - haste.delayMs)).toBeLessThan(1)
    // 20 ms apart and 50 ms late: who does not wait comes before the two sent before it.
    const { order } = measured
    expect(order.filter((number, i) => number < Math.max(0, ...order.slice(0, i))).length).toBeGreaterThan(20)
  })
})
