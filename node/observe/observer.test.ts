import { expect, test } from 'vitest'
import { Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { Observer } from './observer.ts'

test('why connections ended is a label of few values, whatever the system says', async () => {
  const metrics = createMetrics()
  const observer = new Observer({ log: new Log({ write: () => {} }), metrics, now: Date.now })
  const peer = { id: 'p', address: '', host: '', direction: 'inbound', connectedAt: 0, latencyMs: null } as const
  const ended = (reason: string) => observer.peer('disconnected', peer, '', reason)
  ended('dead link')
  ended('banned: rejected-block')
  for (const reason of ['', `read ${'x'.repeat(40)}`]) ended(reason)
  for (let i = 0; i < 100; i++) ended(`errno ${i}`)
  const lines = (await metrics.scrape()).split('\n').filter(line => line.startsWith('trellis_node_disconnects_total{'))
  expect(lines).toHaveLength(25)
  expect(lines).toContain('trellis_node_disconnects_total{reason="dead link"} 1')
  expect(lines).toContain('trellis_node_disconnects_total{reason="banned"} 1')
  // Both unusable ones, and all beyond the first 22 of the hundred.
  expect(lines).toContain('trellis_node_disconnects_total{reason="other"} 80')
  metrics.stop()
})
