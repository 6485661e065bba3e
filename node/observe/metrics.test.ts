import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeMetrics } from '../../api/metrics/node.ts'
import { createMetrics } from './metrics.ts'

test('every line of the catalogue is exposed, with the node’s labels', async () => {
  const metrics = createMetrics({ node: 'miner-0' })
  metrics.get('trellis_node_gossip_messages_total').inc({ topic: 'block', verdict: 'accept' }, 3)
  metrics.get('trellis_node_block_import_seconds').observe(0.003)
  let scraped = 0
  metrics.onScrape(() => metrics.get('trellis_node_head_height').set(++scraped))
  const text = await metrics.scrape()
  for (const name of Object.keys(nodeMetrics)) expect(text).toContain(`# HELP ${name} `)
  expect(text).toContain('trellis_node_gossip_messages_total{topic="block",verdict="accept",node="miner-0"} 3')
  expect(text).toContain('trellis_node_head_height{node="miner-0"} 1')
  expect(text).toMatch(/trellis_node_event_loop_lag_seconds\{quantile="0.99",node="miner-0"\} [0-9.e-]+/)
  metrics.stop()
})

test('every metric of the catalogue is fed somewhere', async () => {
  const node = join(import.meta.dirname, '..')
  const files = (await readdir(node, { recursive: true })).filter(
    file => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  )
  const sources = await Promise.all(files.map(file => readFile(join(node, file), 'utf8')))
  const all = sources.join('\n')
  expect(Object.keys(nodeMetrics).filter(name => !all.includes(`'${name}'`))).toEqual([])
})
