// Experiments of which something is killed at a random moment: whatever it was, the experiment ends, and a lease and a
// second later no pod has a rule or a scheduler of ours. One every day, so many as TRELLIS_CAMPAIGN says, or all ten with
// `full`; TRELLIS_SEED repeats one.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededRng, shuffled } from '../../../api/random.ts'
import { LEASE_MS } from '../../../chaos/runner/fault.ts'
import { type Pod, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { crashOperator, installed } from '../chart.ts'
import { remove } from '../cluster-api.ts'
import { Experiments, isOver } from '../experiments.ts'
import { membersIn, rulesIn } from '../pod-network.ts'
import { crash } from '../pod-processes.ts'
import { boot, miners, type RunningTestnet, TestNamespace } from '../testnets.ts'
import { given, notOurMachines } from '../under-test.ts'

const CUT_SECONDS = 12
const seed = process.env.TRELLIS_SEED ?? `${Date.now()}`
const rng = seededRng(seed)
const atOnce = { gracePeriodSeconds: 0 }
/** In the net agent's command only. */
const AGENT = '/etc/trellis-agent/'

describe.skipIf(notOurMachines)('an experiment', () => {
  let space: TestNamespace
  let testnet: RunningTestnet
  let chaos: Experiments

  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('chaos-campaign', 'privileged')
    testnet = await space.testnet('net', [boot, miners(3)], { chaos: { kernel: true } })
    await testnet.untilReady(120_000)
    chaos = new Experiments(testnet)
  })
  afterAll(() => space?.remove())

  const crashPod = ({ metadata }: Pod, word?: string) =>
    crash(given.machines!, { name: metadata.name, uid: metadata.uid! }, word)
  const someNode = async (): Promise<Pod> => {
    const pods = await testnet.pods()
    return pods[Math.floor(rng() * pods.length)]!
  }
  const runner = async (name: string): Promise<Pod> => {
    const pods = await chaos.runners(name)
    const alive = pods.find(({ metadata, status }) => !metadata.deletionTimestamp && status?.phase === 'Running')
    if (!alive) throw new Error(`no runner of ${name} runs`)
    return alive
  }
  const victims: Readonly<Record<string, (name: string) => Promise<void>>> = {
    'the runner': async name => await crashPod(await runner(name)),
    "the runner's pod": async name => await remove(resources.pods, (await runner(name)).metadata, atOnce),
    'the operator': async () => await crashOperator(),
    'the runner and the operator': async name => {
      await Promise.all([crashPod(await runner(name)), crashOperator()])
    },
    'a net agent': async () => await crashPod(await someNode(), AGENT),
    "a node's containers": async () => await crashPod(await someNode()),
    "a node's pod": async () => await remove(resources.pods, (await someNode()).metadata, atOnce),
    'all net agents': async () => {
      await Promise.all((await testnet.pods()).map(pod => crashPod(pod, AGENT)))
    },
    'the runner and all net agents': async name => {
      await Promise.all([crashPod(await runner(name)), ...(await testnet.pods()).map(pod => crashPod(pod, AGENT))])
    },
    "every pod's containers": async () => {
      await Promise.all((await testnet.pods()).map(pod => crashPod(pod)))
    },
  }
  const rulesOf = async (): Promise<string> => {
    const pods = await testnet.pods()
    const found = await Promise.all(pods.map(({ metadata }) => rulesIn(given.machines!, metadata.uid!)))
    return found.join('\n').trim()
  }
  const all = Object.keys(victims)
  const campaign = process.env.TRELLIS_CAMPAIGN
  const some = campaign === 'full' ? all.length : Number(campaign)
  // A runner dies every day in chaos-partition.test.ts.
  const chosen = campaign === undefined ? ['all net agents'] : shuffled(all, rng).slice(0, some)
  if (chosen.length < all.length)
    console.log(`skipped: ${all.length - chosen.length} of ${all.length} kills; TRELLIS_CAMPAIGN=full has them all`)

  test.each(chosen.map((victim, round) => ({ victim, name: `round-${round}` })))(
    `leaves nothing behind, whoever dies in it: $victim (seed ${seed})`,
    async ({ victim, name }) => {
      await testnet.untilReady(120_000)
      await chaos.apply(name, {
        injector: 'kernel',
        faults: [{ name: 'cut', duration: `${CUT_SECONDS}s`, partition: { shape: 'halves' } }],
        heal: { within: '40s', observe: '1s' },
      })
      await chaos.untilInForce(name)
      expect(membersIn(await rulesOf())).toBeGreaterThan(0)
      const waitMs = rng() * CUT_SECONDS * 900
      await delay(waitMs)
      const missed = await victims[victim]!(name).then(() => undefined, String)
      // On a crowded machine the run may be over before its turn comes: whatever else keeps one alive is a defect.
      if (missed !== undefined && !isOver(await chaos.status(name))) throw new Error(missed)
      const { phase, reason, message } = await chaos.untilOver(name, 200_000)
      const how = missed === undefined ? `killed ${Math.round(waitMs)} ms into the cut` : `not killed, ${missed}`
      console.log(`${victim} ${how}: ${phase} (${reason}): ${message}`)
      await testnet.until(
        `nothing is left after ${victim} died`,
        LEASE_MS + 1_000,
        async () => (await rulesOf()) === '',
      )
    },
    400_000,
  )
})
