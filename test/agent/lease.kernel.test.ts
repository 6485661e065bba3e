// Whatever becomes of the agent, faults end with their leases: by this machine's kernel, in network namespaces.
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { until } from '../cluster/until.ts'
import { setStage, skipped } from './stage.ts'
import { arrivals, bothWays, drop, passes, rowTo } from './traffic.ts'

describe.skipIf(skipped)('the net agent', () => {
  const stage = setStage()

  test('when the agent is killed the kernel ends the fault, at the lease and not before', async () => {
    const { a, b, agentA } = stage
    const leaseMs = 1_500
    await agentA.put(
      stage.experiment(),
      [rowTo('cut', b.host, bothWays), rowTo('slow', b.host, { out: { rate: 5_000 } })],
      leaseMs,
    )
    const end = Date.now() + leaseMs
    await agentA.kill()
    const times = await arrivals(a, b, 2_500)
    // The lease began before it was answered, and the kernel's clock has ticks.
    expect(times[0]! - end).toBeGreaterThan(-200)
    expect(times[0]! - end).toBeLessThan(1_000)
    await agentA.launch()
  })

  test('an agent that is started again takes up its rows, with the lease that is left', async () => {
    const { a, b, agentA } = stage
    const name = stage.experiment()
    await agentA.put(name, [rowTo('cut', b.host, bothWays)], 10_000)
    expect(await passes(a, b)).toBe('none')
    const before = (await agentA.report(name)).body
    await agentA.kill()
    const [times] = await Promise.all([arrivals(a, b, 800), agentA.launch()])
    expect(times).toEqual([])
    const after = (await agentA.report(name)).body
    expect(after.until).toBe(before.until)
    const met = (report: typeof before) => report.rows[0].parts[0].met.packets + report.rows[0].parts[1].met.packets
    expect(met(after)).toBeGreaterThan(met(before) + 40)
    expect((await agentA.renew(name, 1_000)).status).toBe(200)
    expect((await arrivals(a, b, 1_500)).length).toBeGreaterThan(10)
  })

  test('an agent that comes back after the lease removes what is left', async () => {
    const { b, agentA } = stage
    await agentA.put(stage.experiment(), [rowTo('slow', b.host, { out: { rate: 5_000, loss: 0.1 }, in: drop })], 500)
    await agentA.kill()
    await delay(600)
    expect(await agentA.left()).toMatch(/htb 7e11:/)
    await agentA.launch()
    expect(await agentA.left()).toBe('')
  })

  test('a node that is killed and comes back is under the same rules, until their lease ends and no longer', async () => {
    const { agentA } = stage
    await agentA.put(stage.experiment(), [rowTo('cut', stage.b.host, bothWays)], 3_000)
    await stage.replaceA()
    expect(await passes(stage.a, stage.b)).toBe('none')
    await until(
      'the cut ends',
      { withinMs: 4_000, describe: () => agentA.left() },
      async () => (await passes(stage.a, stage.b)) === 'all' && (await agentA.left()) === '',
    )
  })

  test('a lease that is renewed goes on, and one that is not ends', async () => {
    const { a, b, agentA } = stage
    const name = stage.experiment()
    await agentA.put(name, [rowTo('cut', b.host, bothWays)], 1_000)
    const renewing = (async () => {
      for (let i = 0; i < 4; i++) {
        await delay(400)
        expect((await agentA.renew(name, 1_000)).status).toBe(200)
      }
      return Date.now()
    })()
    const times = await arrivals(a, b, 3_500)
    const last = await renewing
    expect(times[0]! - last).toBeGreaterThan(700)
    expect(times[0]! - last).toBeLessThan(2_000)
    await until(
      'the rules removed',
      { withinMs: 1_000, describe: () => agentA.left() },
      async () => !(await agentA.left()),
    )
    const { body } = await agentA.report(name)
    expect(body).toMatchObject({ rows: [{ id: 'cut', ended: true }] })
    expect(body.until).toBeUndefined()
    expect(body.rows[0].parts[1].met.packets).toBeGreaterThan(100)
    expect((await agentA.renew(name, 1_000)).status).toBe(404)
  })

  test('rules that somebody removed come back with the next renewal', async () => {
    const { a, b, agentA } = stage
    const name = stage.experiment()
    await agentA.put(name, [rowTo('cut', b.host, bothWays)], 10_000)
    await a.host.run('nft', 'flush', 'ruleset')
    expect(await passes(a, b)).toBe('all')
    expect((await agentA.renew(name, 10_000)).status).toBe(200)
    expect(await passes(a, b)).toBe('none')
  })
})
