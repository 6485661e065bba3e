// What the README tells people to type, in its order: the file that `trellis up` runs on one machine, applied to a cluster,
// is the same testnet, and leaves nothing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testnetConditions } from '../../../api/conditions.ts'
import { parseResources } from '../../../api/kinds.ts'
import type { PeerStatus } from '../../../api/observation.ts'
import type { Testnet } from '../../../api/testnet.ts'
import { expand } from '../../../operator/testnet/expand.ts'
import { readmeCommands } from '../../readme-commands.ts'
import { isInstalled, uninstalled } from '../chart.ts'
import { stateOf } from '../explanation.ts'
import { untilNothingIsLeft } from '../leftovers.ts'
import { type RunningTestnet, TestNamespace } from '../testnets.ts'
import { type Shell, shellIn } from '../typed.ts'
import { notInstallable } from '../under-test.ts'

const file = join(import.meta.dirname, '../../../examples/quickstart.yaml')
const [document] = parseResources(readFileSync(file, 'utf8'), file)
const expected = expand(document!.value as Testnet)
const names = expected.nodes.map(({ name }) => name)

const commands = readmeCommands.flatMap(({ tier, command }) => (tier === 'cluster' ? [command] : []))
const deletion = 'kubectl delete tn quickstart'
const toDeletion = commands.slice(0, commands.indexOf(deletion))
const afterDeletion = commands.slice(commands.indexOf(deletion) + 1)

describe.skipIf(notInstallable)('the README', () => {
  let space: TestNamespace
  let testnet: RunningTestnet
  let shell: Shell
  const printed = new Map<string, string>()

  beforeAll(async () => {
    // An earlier run on this cluster may have left one.
    if (await isInstalled()) await uninstalled()
    space = await TestNamespace.create('quickstart')
    testnet = space.running('quickstart')
    shell = await shellIn(space.name)
  })
  afterAll(async () => {
    await shell?.remove()
    await space?.remove()
  })
  const type = async (command: string) => {
    const { stdout } = await shell.type(command).catch(async error => {
      throw new Error(`${command}\n${error}\n${await stateOf(space.name)}`)
    })
    printed.set(command, stdout)
  }
  const outputOf = (start: string) => {
    const found = [...printed].find(([command]) => command.startsWith(start))
    if (!found) throw new Error(`README.md says no ${start}`)
    return found[1].trimEnd().split('\n')
  }

  test('brings a testnet up, from the chart to its nodes', async () => {
    expect(toDeletion.map(command => command.split(' ').slice(0, 2).join(' '))).toEqual(
      expect.arrayContaining(['helm install', 'kubectl apply', 'kubectl get', 'kubectl trellis']),
    )
    for (const command of toDeletion) await type(command)
    expect(await testnet.status()).toMatchObject({ nodes: { desired: 8, ready: 8, summary: '8/8' } })
    const { conditions = [] } = await testnet.untilReady(30_000)
    expect(conditions.map(({ type, status }) => `${type} ${status}`)).toEqual(
      testnetConditions.map(type => `${type} True`),
    )
  })

  test('tells of it in one line, and of its nodes in one each', async () => {
    const [head, line, ...more] = outputOf('kubectl get tn')
    expect(head?.split(/\s+/)).toEqual(['NAME', 'READY', 'NODES', 'HEIGHT', 'HEADS', 'AGE'])
    expect(line).toMatch(/^quickstart +True +8\/8 +[1-9]\d* +\d+ +\d+[sm]/)
    expect(more).toEqual([])
    const nodes = outputOf('kubectl trellis nodes').join('\n')
    for (const name of names) expect(nodes).toContain(name)
    expect(outputOf('kubectl trellis logs').length).toBeGreaterThan(5)
    expect(outputOf('kubectl trellis status').join('\n')).toContain('quickstart')
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

  test('deletes it, and nothing is left', async () => {
    await type(deletion)
    await untilNothingIsLeft(space.name, 'quickstart')
  })

  test('does the same with the command alone', async () => {
    for (const command of afterDeletion) await type(command)
    await untilNothingIsLeft(space.name, 'quickstart')
  })
})
