// Partitions by the kernel on a real Kubernetes: how far apart in time the targets are cut, what still crosses, when the cut
// lapses after everything of ours was killed, and how long the network takes to heal.
import { setTimeout as delay } from 'node:timers/promises'
import { LEASE_MS } from '../../chaos/runner/fault.ts'
import { type Pod, resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { cacheFolder } from '../../tools/build-cache.ts'
import { down, up } from '../cluster/cluster.ts'
import type { ClusterPlan } from '../cluster/cluster-plan.ts'
import type { Experiments } from '../cluster/experiments.ts'
import { asEnvironment } from '../cluster/given.ts'
import { membersIn, rulesIn } from '../cluster/pod-network.ts'
import { crash } from '../cluster/pod-processes.ts'
import { prepared } from '../cluster/preparation.ts'
import type { RunningTestnet, TestNamespace } from '../cluster/testnets.ts'
import { until } from '../cluster/until.ts'
import { countDelivered, type PodRules, watchPods } from './pod-rules.ts'
import { type Bench, type BenchOptions, percentile, type Row } from './row.ts'

const machines = 2
const sizes = { short: [10], long: [10, 50] }
const heals = { short: 5, long: 30 }
/** Ten of them share two cores; fifty are to start, not to mine. */
const blockIntervals: Readonly<Record<number, string>> = { 10: '500ms', 50: '5s' }
const CUT_SECONDS = 10
/** After the last target was injected, what was already in a queue has come through. */
const SETTLED_MS = 200
const peer = { name: 'CometBFT, 4 nodes, p50', value: 6.7 }

interface Ground {
  readonly plan: ClusterPlan
  readonly space: TestNamespace
  readonly testnet: RunningTestnet
  readonly chaos: Experiments
  readonly count: number
}

export const chaosCluster: Bench = async options => {
  const state = `${cacheFolder()}/cluster-bench`
  try {
    const made = await up({ state, nodes: machines, tell: options.say })
    // The helpers of the cases read where they are from the environment.
    Object.assign(process.env, asEnvironment(await prepared(made, options.say)))
    const { installed } = await import('../cluster/chart.ts')
    await installed()
    const rows: Row[] = []
    for (const count of options.long ? sizes.long : sizes.short) rows.push(...(await ofSize(made.plan, count, options)))
    return rows
  } finally {
    await down(state)
  }
}

async function ofSize(plan: ClusterPlan, count: number, options: BenchOptions): Promise<Row[]> {
  const { boot, miners, TestNamespace } = await import('../cluster/testnets.ts')
  const { Experiments } = await import('../cluster/experiments.ts')
  const space = await TestNamespace.create(`chaos-${count}`, 'privileged')
  try {
    const groups = [boot, miners(4), { name: 'full', role: 'full', count: count - 5 }]
    const chain = { blockInterval: blockIntervals[count], finality: { checkpointInterval: 4 } }
    const testnet = await space.testnet('net', groups, { chaos: { kernel: true }, chain })
    await testnet.untilReady(400_000)
    const ground = { plan, space, testnet, chaos: new Experiments(testnet), count }
    const rows = await injected(ground, options)
    if (count === sizes.short[0]) rows.push(...(await healed(ground, options)), await expired(ground, options))
    return rows
  } finally {
    await space.remove()
  }
}

const halves = (seconds: number) => ({
  injector: 'kernel',
  steadyState: { within: '120s' },
  faults: [{ name: 'cut', duration: `${seconds}s`, partition: { shape: 'halves' } }],
  heal: { within: '90s', observe: '2s' },
})

/** The other side's addresses, which each pod's own rules name. */
async function across({ plan }: Ground, { metadata }: Pod): Promise<string[]> {
  const rules = await rulesIn(plan, metadata.uid!)
  return [...new Set([...rules.matchAll(/([\d.]+) timeout /g)].map(([, address]) => address!))]
}

async function injected(ground: Ground, { say }: BenchOptions): Promise<Row[]> {
  const { plan, testnet, chaos, count } = ground
  const skews: number[] = []
  const crossed: number[] = []
  for (let round = 0; round < 3; round++) {
    const watched: PodRules[] = await watchPods(plan, await testnet.pods())
    await chaos.apply(`skew-${round}`, halves(CUT_SECONDS))
    await testnet.until('every pod is cut', 300_000, () => watched.every(({ injectedAt }) => injectedAt !== undefined))
    const times = watched.map(({ injectedAt }) => injectedAt!)
    skews.push(Math.max(...times) - Math.min(...times))
    await delay(SETTLED_MS)
    const counted = await Promise.all(
      watched.map(async each => await countDelivered(each, await across(ground, each.pod))),
    )
    await delay(Math.max(0, Math.max(...times) + CUT_SECONDS * 500 - Date.now()))
    const packets = await Promise.all(counted.map(read => read()))
    crossed.push(packets.reduce((sum, each) => sum + each, 0))
    for (const each of watched) each.close()
    const { phase } = await chaos.untilOver(`skew-${round}`, 300_000)
    say(`${count} pods: ${skews.at(-1)} ms from the first to the last, ${crossed.at(-1)} packets across; ${phase}`)
  }
  return [
    {
      name: `first to last target cut, ${count} pods on ${machines} machines`,
      value: percentile(skews, 50),
      unit: 'ms',
      aim: '<= 50 ms',
      note: `median of ${skews.length}, ${Math.max(...skews)} at most; as each pod's kernel takes its rules`,
    },
    {
      name: `packets delivered across the cut, ${count} pods`,
      value: Math.max(...crossed),
      unit: 'packets',
      aim: '0',
      note: `from ${SETTLED_MS} ms after the last target was cut; the most of ${crossed.length}`,
    },
  ]
}

async function healed({ testnet, chaos }: Ground, { long, say }: BenchOptions): Promise<Row[]> {
  const times: number[] = []
  const count = long ? heals.long : heals.short
  for (let round = 0; round < count; round++) {
    await testnet.untilReady(120_000)
    await chaos.apply(`heal-${round}`, halves(CUT_SECONDS))
    const { phase, healTime, message } = await chaos.untilOver(`heal-${round}`, 300_000)
    say(`cut ${round + 1}/${count}: ${phase}, healed in ${healTime ?? message}`)
    times.push(Number.parseFloat(healTime ?? 'NaN'))
  }
  const healed = times.filter(Number.isFinite)
  const note = `${healed.length} of ${count} cuts of ${CUT_SECONDS} s healed; from the end of the fault to one head on all nodes`
  return [50, 100].map(p => ({
    name: `heal after ${CUT_SECONDS} s in the cluster, ${p === 100 ? 'worst' : `p${p}`}`,
    value: percentile(healed, p),
    unit: 's',
    ...(p === 50 && { peer }),
    note,
  }))
}

async function expired({ plan, testnet, chaos, space }: Ground, { say }: BenchOptions): Promise<Row> {
  const { operatorPod, release } = await import('../cluster/chart.ts')
  const { change, remove } = await import('../cluster/cluster-api.ts')
  await testnet.untilReady(120_000)
  await chaos.apply('expiry', halves(120))
  await chaos.untilInForce('expiry')
  const pods = await testnet.pods()
  const members = async () => {
    const rules = await Promise.all(pods.map(({ metadata }) => rulesIn(plan, metadata.uid!)))
    return rules.reduce((sum, each) => sum + membersIn(each), 0)
  }
  const [operator, runners] = [await operatorPod(), await chaos.runners('expiry')]
  // Nobody makes another: it would renew what is to lapse.
  const deployments = resource('apps/v1', 'Deployment', 'deployments')
  await change(deployments, { namespace: release.namespace, name: release.deployment }, { spec: { replicas: 0 } })
  const victims = [...runners, ...pods, operator].map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid! }))
  const killedAt = performance.now()
  // The operator's pod may be gone by now, by its Deployment.
  await Promise.allSettled(victims.map(victim => crash(plan, victim)))
  await remove(resources.jobs, { namespace: space.name, name: 'expiry--runner' })
  await until('the cut has lapsed', { withinMs: 2 * LEASE_MS, everyMs: 50 }, async () => (await members()) === 0)
  const seconds = (performance.now() - killedAt) / 1_000
  say(`all killed: the cut lapsed after ${seconds.toFixed(2)} s`)
  return {
    name: 'the cut has lapsed after SIGKILL of runner, agents, nodes and operator',
    value: seconds,
    unit: 's',
    aim: `<= ${LEASE_MS / 1_000 + 1} s`,
    note: `lease of ${LEASE_MS / 1_000} s, renewed every three`,
  }
}
