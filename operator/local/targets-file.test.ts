import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { NodeRecord } from './record.ts'
import { emptyTargets, scrapeTargets, writeTargets } from './targets-file.ts'

const node = (name: string, host: string, state: NodeRecord['state']): NodeRecord => ({
  name,
  group: 'miner',
  role: 'miner',
  region: 'default',
  peerId: 'p',
  address: { host, p2p: 1, http: 8080, admin: 2 },
  state,
  process: null,
  restarts: 0,
})
const groups = scrapeTargets(
  { name: 'net', nodes: [node('miner-0', '127.1.0.1', 'ready'), node('miner-1', '127.1.0.2', 'killed')] },
  9_000,
)

test('names the supervisor and every node, also one that is down, with its labels', () => {
  const labels = { namespace: 'local', testnet: 'net' }
  expect(groups).toEqual([
    { targets: ['127.0.0.1:9000'], labels },
    { targets: ['127.1.0.1:8080'], labels: { ...labels, group: 'miner', node: 'miner-0' } },
    { targets: ['127.1.0.2:8080'], labels: { ...labels, group: 'miner', node: 'miner-1' } },
  ])
})

let folder = ''
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('is written whole, and empty when nothing is left', () => {
  folder = mkdtempSync(join(tmpdir(), 'trellis-targets-'))
  const read = (): unknown => JSON.parse(readFileSync(join(folder, 'prometheus-targets.json'), 'utf8'))
  writeTargets(folder, groups)
  expect(read()).toEqual(groups)
  emptyTargets(folder)
  expect(read()).toEqual([])
  expect(readdirSync(folder)).toEqual(['prometheus-targets.json'])
  emptyTargets(join(folder, 'not-there'))
})
