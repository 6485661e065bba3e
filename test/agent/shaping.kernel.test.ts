// Loss and bandwidth by this machine's kernel, and how experiments compose.
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Endpoint } from './endpoint.ts'
import { setStage, skipped } from './stage.ts'
import { bothWays, drop, passes, rowTo } from './traffic.ts'

describe.skipIf(skipped)('the net agent', () => {
  const stage = setStage()

  test('loss is the share that is asked for, in both directions, and is counted', async () => {
    const { a, b, agentA } = stage
    const name = stage.experiment()
    await agentA.put(name, [rowTo('loss', b.host, { in: { loss: 0.3 }, out: { loss: 0.1 } })], 30_000)
    const count = 2_000
    const batches = async (from: Endpoint, to: Endpoint): Promise<number> => {
      let arrived = 0
      for (let sent = 0; sent < count; sent += 200) {
        await from.send(to.host.v4, 200)
        await delay(20)
        arrived += (await to.received(from.host.v4)).length
      }
      return arrived
    }
    await Promise.all([a.received(b.host.v4), b.received(a.host.v4)])
    const [inLost, outLost] = [count - (await batches(b, a)), count - (await batches(a, b))]
    // Four standard deviations.
    expect(Math.abs(inLost / count - 0.3)).toBeLessThan(0.042)
    expect(Math.abs(outLost / count - 0.1)).toBeLessThan(0.028)
    const parts = (await agentA.report(name)).body.rows[0].parts
    expect(parts).toMatchObject([
      { direction: 'in', met: { packets: count }, lost: { packets: inLost } },
      { direction: 'out', met: { packets: count }, lost: { packets: outLost } },
    ])
  })

  test('bandwidth is what is asked for, to that peer only, and ends with the lease', async () => {
    const { a, b, c, agentA } = stage
    const name = stage.experiment()
    const rate = 250_000
    await agentA.put(name, [rowTo('slow', b.host, { out: { rate } })], 30_000)
    const bytes = 2.5 * rate
    const [toB, toC] = await Promise.all([a.transfer(b.host.v4, bytes), a.transfer(c.host.v4, bytes)])
    // 1,448 bytes of each packet's 1,514 are the connection's.
    const wireRate = ((bytes * 1_514) / 1_448 / toB) * 1_000
    expect(Math.abs(wireRate / rate - 1), `${wireRate} bytes/s`).toBeLessThan(0.1)
    expect(toC).toBeLessThan(500)
    const [{ shaped }] = (await agentA.report(name)).body.rows[0].parts
    expect(shaped.bytes).toBeGreaterThan(bytes)
    await agentA.renew(name, 300)
    await agentA.kill()
    await delay(400)
    expect(await a.transfer(b.host.v4, bytes)).toBeLessThan(500)
    await agentA.launch()
  })

  test('experiments that overlap compose, and end apart', async () => {
    const { a, b, agentA } = stage
    const [first, second] = [stage.experiment(), stage.experiment()]
    await agentA.put(
      first,
      [rowTo('cut', b.host, { in: drop }), rowTo('slow', b.host, { out: { rate: 400_000 } })],
      20_000,
    )
    await agentA.put(
      second,
      [rowTo('cut', b.host, bothWays), rowTo('slow', b.host, { out: { rate: 100_000 } })],
      20_000,
    )
    expect([await passes(a, b), await passes(b, a)]).toEqual(['none', 'none'])
    // Both count what meets them, whichever drops it.
    for (const name of [first, second]) {
      const { rows } = (await agentA.report(name)).body
      expect(rows[0].parts[0].met.packets).toBeGreaterThanOrEqual(10)
    }
    await agentA.end(second)
    expect([await passes(a, b), await passes(b, a)]).toEqual(['all', 'none'])
    await agentA.put(first, [rowTo('slow', b.host, { out: { rate: 400_000 } })], 20_000)
    const third = stage.experiment()
    await agentA.put(third, [rowTo('slow', b.host, { out: { rate: 100_000 } })], 1_000)
    await agentA.kill()
    // 100 kB in the first second, the rest by the milder limit, which the kernel goes back to alone.
    const ms = await a.transfer(b.host.v4, 700_000)
    expect(ms).toBeGreaterThan(2_000)
    expect(ms).toBeLessThan(4_000)
    await agentA.launch()
  })

  test('a device that somebody else shapes is left alone', async () => {
    const { a, b, agentA } = stage
    await a.host.run('tc', ...'qdisc add dev eth0 root handle 1: tbf rate 1gbit burst 100000 limit 100000'.split(' '))
    try {
      const answer = await agentA.put(stage.experiment(), [rowTo('slow', b.host, { out: { rate: 9_000 } })], 5_000)
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'foreign-scheduler' } } })
      expect(await agentA.left()).toMatch(/^qdisc tbf 1: dev eth0 root .*$/)
      expect((await agentA.put(stage.experiment(), [rowTo('cut', b.host, bothWays)], 5_000)).status).toBe(200)
      expect(await passes(a, b)).toBe('none')
    } finally {
      await a.host.run('tc', 'qdisc', 'del', 'dev', 'eth0', 'root')
    }
  })
})
