// A testnet folder with stand-in nodes, for tests of the supervisor.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { planAddresses } from '../../operator/local/addresses.ts'
import type { TestnetRecord } from '../../operator/local/record.ts'
import { writeRecord } from '../../operator/local/record.ts'
import {
  claimFolder,
  nodeConfigFile,
  nodeDataFolder,
  nodeFolder,
  testnetFolder,
} from '../../operator/local/state-folder.ts'

export const standIn = resolve(import.meta.dirname, '../fixtures/stand-in-node.ts')

export function temporaryRoot(): { root: string; remove: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'trellis-test-'))
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}

/** Nodes behave as their names say: see test/fixtures/stand-in-node.ts. */
export async function makeTestnet(root: string, name: string, nodes: readonly string[]): Promise<TestnetRecord> {
  claimFolder(root, name)
  const folder = testnetFolder(root, name)
  const addresses = await planAddresses(nodes, `${root}/${name}`, new Set())
  const now = Date.now()
  const record: TestnetRecord = {
    version: 1,
    name,
    file: 'test.yaml',
    testnet: {},
    createdAt: now,
    genesisTime: now,
    chain: { blockIntervalMs: 100, checkpointInterval: 4 },
    phase: 'starting',
    program: [process.execPath, standIn],
    supervisor: null,
    nodes: nodes.map(node => ({
      name: node,
      group: node.split('-')[0] ?? node,
      role: 'full',
      region: 'here',
      peerId: node,
      address: addresses.get(node)!,
      state: 'stopped',
      process: null,
      restarts: 0,
    })),
  }
  for (const node of nodes) {
    mkdirSync(nodeFolder(folder, node), { recursive: true })
    const config = {
      name: node,
      testnet: name,
      group: 'g',
      role: 'full',
      region: 'here',
      dataDir: nodeDataFolder(folder, node),
      listen: addresses.get(node),
      genesis: { time: now, blockIntervalMs: 100 },
    }
    writeFileSync(nodeConfigFile(folder, node), JSON.stringify(config))
  }
  writeRecord(folder, record)
  return record
}

/** Polls until the condition gives a value; throws with the state that `describe` prints when the deadline passes. */
export async function eventually<T>(
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  describe: () => unknown,
  deadlineMs = 20_000,
): Promise<T> {
  const end = Date.now() + deadlineMs
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== false) return value
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${JSON.stringify(describe(), null, 1)}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
