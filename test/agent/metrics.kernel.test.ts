// What the agent tells Prometheus: the kernel's own counts, without a token.
import { describe, expect, test } from 'vitest'
import { until } from '../cluster/until.ts'
import { setStage, skipped } from './stage.ts'
import { bothWays, passes, rowTo } from './traffic.ts'

describe.skipIf(skipped)('the net agent', () => {
  const stage = setStage()

  /** Reads all series once: by name with labels. */
  async function scrape(): Promise<Map<string, number>> {
    const program = `fetch('${stage.agentA.url}/metrics').then(r => r.text()).then(t => process.stdout.write(t))`
    const text = await stage.a.host.run(process.execPath, '-e', program)
    const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
    return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
  }
  const dropped = (direction: 'in' | 'out') => `trellis_agent_packets_dropped_total{direction="${direction}"}`

  test('counts what it dropped, also of rows that are gone, and its leases', async () => {
    const { a, b, agentA } = stage
    const idle = await scrape()
    expect([idle.get('trellis_agent_rows'), idle.get('trellis_agent_lease_end_timestamp_seconds')]).toEqual([0, 0])

    const name = stage.experiment()
    await agentA.put(name, [rowTo('cut', b.host, bothWays)], 20_000)
    expect(await passes(a, b)).toBe('none')
    expect(await passes(b, a)).toBe('none')
    await agentA.renew(name, 20_000)
    const during = await until('the drops are told', { withinMs: 5_000, everyMs: 300 }, async () => {
      const now = await scrape()
      return (now.get(dropped('out')) ?? 0) >= 10 && (now.get(dropped('in')) ?? 0) >= 10 && now
    })
    expect(during.get('trellis_agent_rows')).toBe(1)
    expect(during.get('trellis_agent_lease_end_timestamp_seconds')).toBeGreaterThan(Date.now() / 1_000)
    expect(during.get('trellis_agent_lease_renewals_total')).toBe(1)
    expect(during.get('trellis_agent_apply_seconds_count')).toBe(2)

    await passes(a, b)
    await agentA.end(name)
    const gone = stage.experiment()
    await agentA.put(gone, [rowTo('cut', b.host, bothWays)], 400)
    await agentA.ask('GET', gone, '', { token: 'wrong' })
    const after = await until('the lease lapsed', { withinMs: 5_000, everyMs: 300 }, async () => {
      const now = await scrape()
      return now.get('trellis_agent_leases_lapsed_total') === 1 && now
    })
    // Those between the last look and the end of the row are counted too.
    expect(after.get(dropped('out'))).toBeGreaterThanOrEqual(during.get(dropped('out'))! + 10)
    expect(after.get('trellis_agent_rows')).toBe(0)
    expect(after.get('trellis_agent_requests_refused_total{code="unauthorized"}')).toBe(1)
  })
})
