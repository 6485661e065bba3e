import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { nodeMetrics } from '../../api/metrics/node.ts'
import { Store } from '../store/store.ts'
import { createMetrics } from './metrics.ts'
import { measureStore } from './store-sizes.ts'

test('the parts of a store are those of the catalogue and make up its directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'trellis-sizes-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const store = await Store.open(directory, 'a1'.repeat(32))
  // More than LevelDB keeps in its log before it writes a table; random, because tables are compressed.
  for (let height = 1; height <= 40; height++) {
    const body = crypto.getRandomValues(new Uint8Array(60_000))
    const hash = height.toString(16).padStart(64, '0')
    await store.putBlock({ hash, height, header: new Uint8Array(200), body })
  }
  const metrics = createMetrics()
  const read = async (): Promise<Record<string, number>> => {
    await measureStore(metrics, store, directory)
    const { values } = await metrics.get('trellis_node_store_bytes').get()
    return Object.fromEntries(values.map(({ labels, value }) => [labels.part, value]))
  }
  const onDisk = async (): Promise<number> => {
    const sizes = (await readdir(directory)).map(async name => (await stat(join(directory, name))).size)
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  }
  // Tables are written and joined in the background, and files that were joined vanish a little later.
  let [parts, ratio] = [await read(), 0]
  for (let tries = 0; tries < 200 && !((parts.bodies ?? 0) > 1_000_000 && ratio > 0.9 && ratio < 1.1); tries++) {
    await delay(25)
    parts = await read()
    ratio = Object.values(parts).reduce((sum, size) => sum + size, 0) / (await onDisk().catch(() => Number.NaN))
  }
  expect(Object.keys(parts).sort()).toEqual([...nodeMetrics.trellis_node_store_bytes.values.part].sort())
  expect(parts.bodies, JSON.stringify(parts)).toBeGreaterThan(1_000_000)
  expect(parts.bodies).toBeGreaterThan(50 * parts.headers!)
  expect(ratio, JSON.stringify(parts)).toBeGreaterThan(0.9)
  metrics.stop()
  await store.close()
})
