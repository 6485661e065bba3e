// An operator that dies before or after any of its writes: the next one ends where an undisturbed one does.
// TRELLIS_CAMPAIGN=full tries every write; TRELLIS_SEED=crash-<n> draws other ones.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { isFull, sample, seeds, side } from '../support/campaign.ts'
import { endState } from '../support/end-state.ts'
import { FaultProxy, type Seen } from '../support/fault-proxy.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { startTestOperator, type TestOperator, testConfig } from '../support/test-operator.ts'
import { smallSpec, TestnetHandle } from '../support/testnet-handle.ts'

const tier = inject('apiTier')
let cluster: SimulatedCluster
beforeAll(async () => {
  if (tier.missing === undefined) cluster = await simulatedCluster()
})
afterAll(() => cluster?.down())

const AT_ONCE = 4
const [boot, miners] = smallSpec.groups
const base = { ...smallSpec, groups: [boot, { ...miners, count: 2 }, { name: 'more', role: 'full' }] }

interface Scenario {
  /** Done before the writes are counted. */
  readonly before?: (net: TestnetHandle) => Promise<unknown>
  readonly change: (net: TestnetHandle) => Promise<unknown>
  /** That it has come to its end. */
  readonly done: (net: TestnetHandle) => Promise<boolean>
}

const settled = async (net: TestnetHandle, pods: number, image = 'node:1') => {
  const { status, metadata } = (await net.stored()) ?? {}
  const holds = status?.conditions?.every(
    ({ status, observedGeneration }) => status === 'True' && observedGeneration === metadata?.generation,
  )
  const images = await net.images()
  return holds === true && images.length === pods && images.every(each => each === image)
}
const up = async (net: TestnetHandle) => {
  await net.apply(base)
  await net.ready()
}

const scenarios: Record<string, Scenario> = {
  create: { change: net => net.apply(base), done: net => settled(net, 4) },
  'scale up': {
    before: up,
    change: net => net.patch({ groups: [boot, { ...miners, count: 4 }, base.groups[2]] }),
    done: net => settled(net, 6),
  },
  upgrade: { before: up, change: net => net.patch({ image: 'node:2' }), done: net => settled(net, 4, 'node:2') },
  'delete a group': { before: up, change: net => net.patch({ groups: [boot, miners] }), done: net => settled(net, 3) },
  'delete all': {
    before: async net => {
      await net.apply({ ...base, ttl: '3s' })
      await net.until('it runs', async () => (await net.pods()).length === 4)
    },
    change: async () => {},
    done: async net => !(await net.stored()) && (await net.objects()).length === 0,
  },
}

interface Crash {
  /** Which write of the change, from 0. */
  readonly write: number
  readonly side: 'before' | 'after'
}

const isWrite = ({ method, path }: Seen) => method !== 'GET' && !path.includes('/leases') && !path.includes('/events')

/** Returns the end state and how many writes the change took. */
async function run({ before, change, done }: Scenario, crash: Crash | undefined, expected?: readonly string[]) {
  const namespace = await cluster.namespace()
  const operators: TestOperator[] = []
  const shown = () => operators.flatMap(({ lines }) => lines.slice(-15)).join('\n')
  const net = new TestnetHandle(cluster, namespace, 'net', shown)
  const closers: (() => unknown)[] = []
  const start = async (): Promise<{ operator: TestOperator; proxy: FaultProxy }> => {
    const proxy = await FaultProxy.start(cluster.tier)
    // A lease for each: what is dead holds it for long.
    const config = testConfig(namespace, { lease: `lease-${closers.length}` })
    const operator = await startTestOperator(proxy.kubeconfig, config)
    operators.push(operator)
    closers.push(async () => {
      await operator.stop()
      await proxy.close()
    })
    return { operator, proxy }
  }
  try {
    const { proxy } = await start()
    await before?.(net)
    let count = 0
    let dead = false
    const died = Promise.withResolvers<void>()
    proxy.inject({ match: () => dead, fault: { kind: 'cut', server: 'untouched' } })
    proxy.inject({
      match: seen => {
        if (!isWrite(seen) || dead) return false
        dead = count++ === crash?.write
        if (dead) died.resolve()
        return dead
      },
      fault: { kind: 'cut', server: crash?.side === 'after' ? 'served' : 'untouched' },
    })
    await change(net)
    const ended = net.until('it has come to its end', () => done(net), 60_000)
    if (crash) {
      await Promise.race([died.promise, ended])
      proxy.cut(({ watch }) => watch)
      await closers.pop()!()
      await start()
    }
    await ended
    if (expected) {
      const same = async () => JSON.stringify(await endState(net)) === JSON.stringify(expected)
      await net.until('the end is the same', same, 20_000).catch(async error => {
        expect(await endState(net), error.message).toEqual(expected)
      })
    }
    return { end: await endState(net), writes: count }
  } finally {
    for (const close of closers.reverse()) await close()
    await net.remove()
  }
}

describe.skipIf(tier.missing !== undefined)('an operator that crashes at a write', () => {
  test.each(Object.keys(scenarios))(
    'of: %s',
    async name => {
      const scenario = scenarios[name]!
      const undisturbed = await run(scenario, undefined)
      expect(undisturbed.writes).toBeGreaterThan(0)
      const crashes = Array.from({ length: undisturbed.writes }, (_, write) =>
        (['before', 'after'] as const).map((side): Crash => ({ write, side })),
      ).flat()
      for (const seed of seeds('crash', 1, 1)) {
        console.log(`${name}: ${undisturbed.writes} writes, seed ${seed}`)
        await side(AT_ONCE, sample(crashes, 3, seed), async crash => {
          await run(scenario, crash, undisturbed.end)
        })
      }
    },
    isFull ? 1_800_000 : 180_000,
  )
})
