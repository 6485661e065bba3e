// A testnet's whole life while the way to the API server is bad: failures, silence, answers from the past.
// TRELLIS_CAMPAIGN=full runs 200 seeds; TRELLIS_SEED=<seed> one alone.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { seededRng } from '../../api/random.ts'
import { isFull, seeds, side } from '../support/campaign.ts'
import { endState } from '../support/end-state.ts'
import { type Fault, FaultProxy, type Seen } from '../support/fault-proxy.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { startTestOperator, testConfig } from '../support/test-operator.ts'
import { smallSpec, TestnetHandle } from '../support/testnet-handle.ts'

const tier = inject('apiTier')
let cluster: SimulatedCluster
let undisturbed: readonly string[]
beforeAll(async () => {
  if (tier.missing !== undefined) return
  cluster = await simulatedCluster()
  undisturbed = await life('undisturbed', () => {})
}, 120_000)
afterAll(() => cluster?.down())

const AT_ONCE = 4
const WITHIN_MS = 60_000
const watchTimes = { watchSeconds: 2, watchGraceMs: 500 }
const [boot, miners] = smallSpec.groups

/** Create, scale, upgrade and shrink; an operator that ends is started again. Returns the end state. */
async function life(seed: string, disturb: (proxy: FaultProxy, seed: string) => unknown): Promise<string[]> {
  const namespace = await cluster.namespace()
  const proxy = await FaultProxy.start(cluster.tier)
  let lines: readonly string[] = []
  let starts = 0
  const stop = new AbortController()
  const supervised = (async () => {
    while (!stop.signal.aborted) {
      const operator = await startTestOperator(proxy.kubeconfig, testConfig(namespace), { watchTimes })
      lines = operator.lines
      starts++
      const onStop = () => void operator.stop()
      stop.signal.addEventListener('abort', onStop)
      if (stop.signal.aborted) onStop()
      await operator.ended
      stop.signal.removeEventListener('abort', onStop)
    }
  })()
  const shown = () => `seed ${seed}, started ${starts} times\n${lines.slice(-25).join('\n')}`
  const net = new TestnetHandle(cluster, namespace, 'net', shown)
  const settled = (pods: number, image: string) =>
    net.until(
      `${pods} pods of ${image}`,
      async () => {
        const { status, metadata } = (await net.stored()) ?? {}
        const images = await net.images()
        const holds = status?.conditions?.every(
          ({ status, observedGeneration }) => status === 'True' && observedGeneration === metadata?.generation,
        )
        return holds === true && images.length === pods && images.every(each => each === image)
      },
      WITHIN_MS,
    )
  try {
    disturb(proxy, seed)
    await net.apply()
    await settled(3, 'node:1')
    await net.patch({ groups: [boot, { ...miners, count: 3 }] })
    await settled(4, 'node:1')
    await net.patch({ image: 'node:2' })
    await settled(4, 'node:2')
    await net.patch({ groups: [boot, miners] })
    await settled(3, 'node:2')
    if (undisturbed !== undefined) {
      const same = async () => JSON.stringify(await endState(net)) === JSON.stringify(undisturbed)
      await net.until('the end is the same', same, 20_000).catch(async error => {
        expect(await endState(net), error.message).toEqual(undisturbed)
      })
    }
    return await endState(net)
  } finally {
    stop.abort()
    await supervised
    await proxy.close()
    await net.remove()
  }
}

const errors: Fault[] = [
  { kind: 'fail', status: 500 },
  { kind: 'fail', status: 503 },
  { kind: 'fail', status: 429, retryAfter: '1' },
  { kind: 'fail', status: 409 },
  { kind: 'cut', server: 'untouched' },
  { kind: 'cut', server: 'served' },
  { kind: 'delay', ms: 200 },
]
const reads = ({ method, watch }: Seen) => method === 'GET' && !watch

const disturbances: Record<string, { many: number; disturb: (proxy: FaultProxy, seed: string) => unknown }> = {
  errors: { many: 200, disturb: (proxy, seed) => proxy.injectAtRandom(seed, 0.05, errors) },
  'watches-fall-silent': {
    many: 50,
    disturb: (proxy, seed) => proxy.injectAtRandom(seed, 0.3, [{ kind: 'silence' }], ({ watch }) => watch),
  },
  'watches-out-of-order': {
    many: 50,
    disturb: (proxy, seed) => proxy.injectAtRandom(seed, 0.3, [{ kind: 'reorder' }], ({ watch }) => watch),
  },
  'stale-reads': {
    many: 50,
    disturb: (proxy, seed) => {
      proxy.injectAtRandom(seed, 0.3, [{ kind: 'stale' }], seen => reads(seen) && !seen.path.includes('/leases'))
      const rng = seededRng(`${seed}/expired`)
      // So that there are lists to be stale.
      proxy.inject({ match: ({ watch }) => watch && rng() < 0.3, fault: { kind: 'fail', status: 410 } })
    },
  },
}

describe.skipIf(tier.missing !== undefined)('a testnet ends as it should', () => {
  test.each(Object.keys(disturbances))(
    'in spite of %s',
    async name => {
      const { many, disturb } = disturbances[name]!
      const list = seeds(name, 2, many)
      console.log(`seeds: ${list.join(' ')}`)
      await side(AT_ONCE, list, async seed => {
        await life(seed, disturb)
      })
    },
    isFull ? 7_200_000 : 240_000,
  )
})
