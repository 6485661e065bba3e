// README's promise: the file that `trellis up` runs on one machine, applied to a cluster, is the same testnet.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { $ } from 'zx'
import { testnetConditions } from '../../../api/conditions.ts'
import { parseResources } from '../../../api/kinds.ts'
import type { PeerStatus } from '../../../api/observation.ts'
import type { Testnet } from '../../../api/testnet.ts'
import { expand } from '../../../operator/testnet/expand.ts'
import { installed } from '../chart.ts'
import { untilNothingIsLeft } from '../leftovers.ts'
import { type RunningTestnet, TestNamespace } from '../testnets.ts'
import { given, notInstallable } from '../under-test.ts'

const file = join(import.meta.dirname, '../../../examples/quickstart.yaml')
const [document] = parseResources(readFileSync(file, 'utf8'), file)
const expected = expand(document!.value as Testnet)
const names = expected.nodes.map(({ name }) => name)

describe.skipIf(notInstallable)('the quickstart', () => {
  let space: TestNamespace
  let testnet: RunningTestnet
  const kubectl = (args: readonly string[]) =>
    $({ quiet: true, env: { ...process.env, KUBECONFIG: given.kubeconfig } })`${given.kubectl} -n ${space.name} ${args}`

  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('quickstart')
    testnet = space.running('quickstart')
  })
  afterAll(() => space?.remove())

  test('becomes Ready', async () => {
    await kubectl(['apply', '-f', file])
    const status = await testnet.untilReady(120_000)
    expect(status.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual(
      testnetConditions.map(type => `${type} True`),
    )
    expect(status).toMatchObject({ nodes: { desired: 8, ready: 8, summary: '8/8' }, headCount: 1 })
    expect(status.finalizedHeight).toBeGreaterThan(0)
  })

  test('is told in one line', async () => {
    const [head, line, ...more] = (await kubectl(['get', 'tn'])).stdout.trimEnd().split('\n')
    expect(head?.split(/\s+/)).toEqual(['NAME', 'READY', 'NODES', 'HEIGHT', 'HEADS', 'AGE'])
    expect(line).toMatch(/^quickstart +True +8\/8 +[1-9]\d* +1 +\d+[sm]/)
    expect(more).toEqual([])
  })

  test('has the identities that the file gives anywhere', async () => {
    const statuses = await Promise.all(names.map(name => testnet.nodeStatus(name)))
    expect(statuses.map(({ name, peerId, region }) => ({ name, peerId, region }))).toEqual(
      expected.nodes.map(({ name, peerId, region }) => ({ name, peerId, region })),
    )
    expect(new Set(statuses.map(({ genesis }) => genesis)).size).toBe(1)
  })

  test('is connected over the pod network, with the latency between its regions', async () => {
    const pods = await testnet.pods()
    // Whom a node dialled it knows by name, who dialled it by address.
    const addresses = new Set(
      pods.flatMap(({ metadata, status }) => [`/dns/${metadata.name}`, `/ip4/${status?.podIP}`]),
    )
    const regions = new Map(expected.nodes.map(({ name, region }) => [name, region]))
    await testnet.until('every node has peers on both sides and knows how far they are', 30_000, async () => {
      const found = await Promise.all(
        names.map(async name => {
          const { peers } = await testnet.node<{ peers: PeerStatus[] }>(name, '/v1/peers')
          expect(peers.length, name).toBeGreaterThanOrEqual(2)
          for (const { address } of peers)
            expect(addresses).toContain(/^\/(dns\/[-a-z0-9]+|ip4\/[\d.]+)/.exec(address)?.[0] ?? address)
          return peers.map(peer => ({ far: regions.get(peer.name) !== regions.get(name), latencyMs: peer.latencyMs }))
        }),
      )
      const measured = found.flat().filter(({ latencyMs }) => latencyMs !== null)
      const far = measured.filter(peer => peer.far)
      const near = measured.filter(peer => !peer.far)
      // 40 ms one way.
      return (
        far.length > 0 &&
        near.length > 0 &&
        far.every(({ latencyMs }) => latencyMs! >= 70) &&
        near.some(({ latencyMs }) => latencyMs! < 40)
      )
    })
  })

  test('includes the load in its blocks, and every node knows of it', async () => {
    const id = await testnet.until('a block with transactions', 30_000, async () => {
      const { blocks } = await testnet.node<{ blocks: { hash: string; transactionCount: number }[] }>(
        'miner-0',
        '/v1/blocks',
      )
      const full = blocks.find(({ transactionCount }) => transactionCount > 0)
      if (!full) return undefined
      const { transactions } = await testnet.node<{ transactions: string[] }>('miner-0', `/v1/blocks/${full.hash}`)
      return transactions[0]
    })
    await testnet.until(`all nodes include ${id}`, 30_000, async () => {
      const found = await Promise.all(
        names.map(name =>
          testnet.node<{ state: string }>(name, `/v1/transactions/${id}`).catch(() => ({ state: 'unknown' })),
        ),
      )
      return found.every(({ state }) => state === 'included')
    })
  })

  test('leaves nothing when it is deleted', async () => {
    await kubectl(['delete', 'tn', 'quickstart', '--timeout=60s'])
    await untilNothingIsLeft(space.name, 'quickstart')
  })
})
