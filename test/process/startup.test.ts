// A node that cannot start says why in one line and ends with code 3; what it shares with others is left alone.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { NodeConfig } from '../../api/node-config.ts'
import { Store } from '../../node/store/store.ts'
import { Network, until, untilAgreed } from '../support/network.ts'

const testnet = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: startup }
spec:
  network: { topology: { shape: full } }
  chain: { blockInterval: 200ms }
  defaults: { websocket: true }
  groups:
    - { name: miner, role: miner }
    - { name: full, role: full }
`
const endsWithinMs = 15_000

let network: Network
/** How much of each node's log was read. */
const read = new Map<string, number>()
afterEach(async () => {
  read.clear()
  await network?.stop()
})

async function create(configure?: (config: NodeConfig) => NodeConfig, layered = false): Promise<Network> {
  network = await Network.create(testnet, { layered, ...(configure && { configure }) })
  return network
}

/** The node ends by itself with code 3 and exactly one error line. Returns that line's text. */
async function refusal(name: string): Promise<string> {
  const { code, log: all } = await network.ended(name, endsWithinMs)
  const log = all.slice(read.get(name) ?? 0)
  read.set(name, all.length)
  const lines = log
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { level: string; msg: string; error?: string })
  const errors = lines.filter(({ level }) => level === 'error')
  expect({ code, errors }, log).toEqual({
    code: 3,
    errors: [expect.objectContaining({ msg: 'cannot run', error: expect.any(String) })],
  })
  expect(lines.at(-1), 'nothing comes after it').toBe(errors[0])
  // A sentence for people: no stack, no line of code.
  expect(errors[0]!.error).not.toMatch(/\n\s+at |Error:/)
  return errors[0]!.error!
}

describe('a node that cannot start', () => {
  it('says that its data directory is in use, and the other node goes on', async () => {
    const shared = mkdtempSync(join(tmpdir(), 'trellis-shared-'))
    onTestFinished(() => rmSync(shared, { recursive: true, force: true }))
    await create(config => ({ ...config, dataDir: shared }))
    await network.start('miner-0')
    await network.launch('full-0')
    expect(await refusal('full-0')).toContain(
      `data directory ${shared} is in use by another process: stop that node or give this one its own directory`,
    )
    const { head } = await network.status('miner-0')
    await until(
      'the first node makes blocks',
      15_000,
      async () => (await network.status('miner-0')).head.height > head.height + 2,
    )
  })

  it.each(['p2p', 'websocket', 'http', 'admin'] as const)('says that its %s port is taken', async port => {
    await create()
    const { listen } = network.node('miner-0').config
    const holder = createServer()
    await new Promise<void>(done => holder.listen({ host: listen.host, port: listen[port] }, done))
    onTestFinished(() => new Promise<void>(done => holder.close(() => done())))
    await network.launch('miner-0')
    const error = await refusal('miner-0')
    expect(error).toContain(`${listen.host}:${listen[port]}`)
    expect(error).toContain('in use by another process; stop that one or configure another port')
  })

  it('says that its address is not one of this machine', async () => {
    await create(config => ({ ...config, listen: { ...config.listen, host: '192.0.2.1' } }))
    await network.launch('miner-0')
    expect(await refusal('miner-0')).toContain('192.0.2.1')
  })

  it('says that its data directory is of another chain, and leaves it as it was', async () => {
    await create()
    const { dataDir } = network.node('miner-0')
    const other = 'ab'.repeat(32)
    await (await Store.open(dataDir, other)).close()
    await network.launch('miner-0')
    expect(await refusal('miner-0')).toMatch(
      /holds the chain abababababababab…, .*use another directory or delete this one/,
    )
    await (await Store.open(dataDir, other)).close()
  })

  it('says that its data directory cannot be one', async () => {
    await create(config => ({ ...config, dataDir: join(config.dataDir, 'file') }))
    writeFileSync(network.node('miner-0').config.dataDir, 'not a directory')
    await network.launch('miner-0')
    expect(await refusal('miner-0')).toContain(network.node('miner-0').config.dataDir)
  })

  const broken: readonly [string, (config: NodeConfig) => string, RegExp][] = [
    ['no JSON', () => '{"name": ', /config\.json is not JSON: /],
    ['an empty file', () => '', /config\.json is not JSON: /],
    ['an unknown field', config => JSON.stringify({ ...config, colour: 'red' }), /config\.json: .*colour/],
    ['a wrong type', config => JSON.stringify({ ...config, role: 7 }), /config\.json: role: /],
    [
      'an administration port open to everybody',
      config => JSON.stringify({ ...config, listen: { ...config.listen, host: '0.0.0.0' } }),
      /admin/i,
    ],
    [
      'a genesis that contradicts itself',
      config =>
        JSON.stringify({
          ...config,
          genesis: { ...config.genesis, validators: [config.genesis.validators[0], config.genesis.validators[0]] },
        }),
      /validator/i,
    ],
  ]
  it.each(broken)('says what is wrong with its configuration: %s', async (_, text, message) => {
    await create()
    const { config } = network.node('miner-0')
    writeFileSync(join(network.directory, 'miner-0', 'config.json'), text(config))
    await network.launch('miner-0')
    expect(await refusal('miner-0')).toMatch(message)
  })
})

describe('a configuration in four layers', () => {
  it('starts nodes that make one chain', async () => {
    await create(undefined, true)
    expect(network.nodes.map(({ files }) => files.length)).toEqual([4, 4])
    await network.start()
    await untilAgreed(network, 3, 20_000)
  })

  const broken: readonly [string, layer: number, (layer: object) => unknown, string][] = [
    ['the testnet', 0, layer => ({ ...layer, colour: 'red' }), '{0}: colour: Unrecognized key'],
    ['a node', 2, layer => ({ ...layer, listen: { host: 7 } }), '{2}: listen.host: '],
    ['the keys', 3, layer => ({ ...layer, keys: {} }), 'none of {0}, {1}, {2}, {3} has it: keys.network: '],
    ['a group', 1, () => ['full'], '{1} holds no JSON object'],
  ]
  it.each(broken)('says which file a bad field is from: %s', async (_, layer, change, message) => {
    await create(undefined, true)
    const { files } = network.node('miner-0')
    const text = readFileSync(files[layer]!, 'utf8')
    writeFileSync(files[layer]!, JSON.stringify(change(JSON.parse(text) as object)))
    await network.launch('miner-0')
    const expected = message.replaceAll(/\{(\d)\}/g, (_, index: string) => files[Number(index)]!)
    expect(await refusal('miner-0')).toContain(expected)
  })
})

/** A file system of `kib` KiB; undefined where that takes rights we do not have. */
function tinyDisk(kib: number): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'trellis-tiny-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', directory], { stdio: 'ignore' })
  } catch {
    rmSync(directory, { recursive: true })
    return undefined
  }
  return directory
}

function freeDisk(directory: string): void {
  execFileSync('umount', [directory])
  rmSync(directory, { recursive: true })
}

describe('a full disk', () => {
  it.for(['miner-0', 'full-0'])('ends %s with one clear line, and with space it goes on', async (name, { skip }) => {
    const disk = tinyDisk(4_096)
    if (disk === undefined) return skip('needs root on Linux to mount a small file system')
    const filler = join(disk, 'filler')
    const height = async () => (await network.status(name)).head.height
    try {
      await create(config => (config.name === name ? { ...config, dataDir: join(disk, 'data') } : config))
      fill(filler)
      await network.launch(name)
      expect(await refusal(name)).toMatch(/free space and start/)

      rmSync(filler)
      await network.start()
      await until('some blocks', 15_000, async () => (await height()) >= 3)
      const reached = await height()
      fill(filler)
      expect(await refusal(name)).toMatch(/disk of the data directory is full: free space and restart/)

      rmSync(filler)
      await network.start(name)
      expect(await height()).toBeGreaterThanOrEqual(reached)
      await until('more blocks', 15_000, async () => (await height()) >= reached + 3)
    } finally {
      await network?.stop()
      freeDisk(disk)
    }
  })
})

function fill(file: string): void {
  const page = new Uint8Array(4_096)
  try {
    for (;;) writeFileSync(file, page, { flag: 'a' })
  } catch {
    // Full.
  }
}
