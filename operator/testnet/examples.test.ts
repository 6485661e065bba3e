// Every file of examples/ does what its comment says it is for: it parses, expands, and fits the testnet it names.
import { readdirSync, readFileSync } from 'node:fs'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { parseResources, type Resource } from '../../api/kinds.ts'
import { nodeConfigSchema } from '../../api/node-config.ts'
import type { Parsed } from '../../api/parse.ts'
import { checkAgainst } from '../../chaos/check.ts'
import { expand } from './expand.ts'
import { type NodeAddresses, nodeConfigs } from './node-config.ts'

const folder = new URL('../../examples/', import.meta.url)
const files = ['', 'chaos/'].flatMap(sub =>
  readdirSync(new URL(sub, folder))
    .filter(file => file.endsWith('.yaml'))
    .map(file => `${sub}${file}`),
)
const documents = new Map(
  files.map(file => [file, () => parseResources(readFileSync(new URL(file, folder), 'utf8'), file)]),
)
const everything = (): Resource[] => [...documents.values()].flatMap(read => read().map(({ value }) => value))

test('there are examples of both kinds', () => {
  expect(new Set(everything().map(({ kind }) => kind))).toEqual(new Set(['Testnet', 'ChaosExperiment']))
})

describe.each(files)('examples/%s', file => {
  test('is right', () => {
    for (const parsed of documents.get(file)!()) {
      if (parsed.value.kind === 'Testnet') expectConfigured(parsed)
      else expectFitting(parsed)
    }
  })
})

function expectConfigured({ value }: Parsed<Resource>): void {
  if (value.kind !== 'Testnet') return
  const expanded = expand(value)
  const addresses = new Map(
    expanded.nodes.map(({ name }, index): [string, NodeAddresses] => [
      name,
      { host: `127.20.0.${index + 1}`, p2p: 1_000, websocket: 1_001, http: 1_002, admin: 1_003 },
    ]),
  )
  const known = new Set(expanded.nodes.map(({ peerId }) => peerId))
  for (const config of nodeConfigs(expanded, addresses, () => '/data')) {
    expect(nodeConfigSchema.parse(config)).toEqual(config)
    const peers = [...config.network.bootstrap, ...config.network.static]
    expect(peers.length, `${config.name} knows nobody`).toBeGreaterThan(config.role === 'bootstrap' ? -1 : 0)
    for (const { peerId, addresses: dialled } of peers) {
      expect(known).toContain(peerId)
      for (const address of dialled) expect(multiaddr(address).toString()).toBe(address)
    }
  }
}

function expectFitting({ value, problem }: Parsed<Resource>): void {
  if (value.kind !== 'ChaosExperiment') return
  const testnet = everything().find(other => other.kind === 'Testnet' && other.metadata.name === value.spec.testnet)
  if (testnet?.kind !== 'Testnet') throw new Error(`no example is the testnet ${value.spec.testnet}`)
  const { name, nodes } = expand(testnet)
  expect(checkAgainst(value, name, nodes).map(problem)).toEqual([])
}
