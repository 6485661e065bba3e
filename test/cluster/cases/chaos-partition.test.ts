// The experiment of the README on a testnet in pods: two halves that the kernel keeps apart, healed and judged.
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { $ } from 'zx'
import { parseRunRecord } from '../../../api/run.ts'
import { judge } from '../../../chaos/verdict/judge.ts'
import { podName } from '../../../operator/kubernetes/build/names.ts'
import { AGENT_CONTAINER } from '../../../operator/kubernetes/build/net-agent.ts'
import { recordObject } from '../../../operator/kubernetes/chaos/names.ts'
import { RECORD_KEY } from '../../../operator/kubernetes/runner/kept.ts'
import { resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { installed } from '../chart.ts'
import { type Changes, create, evict, get, remove } from '../cluster-api.ts'
import { Experiments, example } from '../experiments.ts'
import { boot, miners, type RunningTestnet, TestNamespace, testnetKind } from '../testnets.ts'
import { given, notInstallable } from '../under-test.ts'

describe.skipIf(notInstallable)('a partition by the kernel', () => {
  let space: TestNamespace
  let testnet: RunningTestnet
  let chaos: Experiments
  let names: string[]

  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('chaos-partition', 'privileged')
    const { metadata, spec } = await example('quickstart')
    const { apiVersion, kind } = testnetKind
    await create(testnetKind, {
      apiVersion,
      kind,
      metadata: { ...metadata, namespace: space.name },
      spec: { ...spec, chaos: { kernel: true } },
    })
    testnet = space.running(metadata.name)
    chaos = new Experiments(testnet)
    await testnet.untilReady(120_000)
    names = (await testnet.pods()).map(pod => pod.metadata.name)
    expect(names).toHaveLength(8)
  })
  afterAll(() => space?.remove())

  const ruleset = async (pod: string): Promise<string> => {
    const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: given.kubeconfig } })
    const inAgent = ['exec', '-n', space.name, pod, '-c', AGENT_CONTAINER, '--']
    return (await kubectl`${given.kubectl} ${inAgent} /usr/sbin/nft -j list ruleset`).stdout
  }
  /** Members of the kernel's sets in the pod: addresses that rules act on. */
  const members = async (pod: string): Promise<number> => {
    const { nftables } = JSON.parse(await ruleset(pod)) as { nftables: { set?: { elem?: unknown[] } }[] }
    return nftables.reduce((sum, { set }) => sum + (set?.elem?.length ?? 0), 0)
  }

  /** Applies the experiment of the README, as `change` makes it. */
  const apply = async (name: string, change: Changes): Promise<void> => {
    const { spec } = await example('partition-halves')
    await chaos.apply(name, { ...spec, ...change })
  }
  const noRule = async () => expect(await Promise.all(names.map(members))).toEqual(names.map(() => 0))

  test('holds in every pod, heals, and is told with its verdict', async () => {
    await apply('partition-halves', { injector: 'kernel' })
    await chaos.untilInForce('partition-halves')
    const held = await Promise.all(names.map(members))
    for (const [index, count] of held.entries()) expect(count, names[index]).toBeGreaterThanOrEqual(4)

    const over = await chaos.untilOver('partition-halves')
    expect(over, JSON.stringify(over, null, 1)).toMatchObject({
      phase: 'Passed',
      fidelity: 'kernel',
      faults: [{ name: 'halves', targets: 8, injected: 8, recovered: 8 }],
      record: recordObject('partition-halves'),
    })
    expect(over.healTime).toMatch(/^\d+\.\ds$/)
    await noRule()
  })

  test('keeps what it saw, and a second judge says the same', async () => {
    const map = await get(resources.configMaps, { namespace: space.name, name: recordObject('partition-halves') })
    const bytes = Buffer.from(map?.binaryData?.[RECORD_KEY] ?? '', 'base64')
    const record = parseRunRecord((await promisify(gunzip)(bytes)).toString('utf8'))
    expect(record.testnet.nodes.map(({ name }) => podName('quickstart', name)).sort()).toEqual(names.sort())
    expect(judge(record)).toMatchObject({ result: 'passed', fidelity: 'kernel' })
  })

  test('goes on under another runner when its own is killed, and passes', async () => {
    await apply('taken-over', { injector: 'kernel' })
    await chaos.untilInForce('taken-over')
    const [runner] = await chaos.runners('taken-over')
    await remove(resources.pods, runner!.metadata, { gracePeriodSeconds: 0 })
    const over = await chaos.untilOver('taken-over')
    expect(over, JSON.stringify(over, null, 1)).toMatchObject({ phase: 'Passed', fidelity: 'kernel' })
    await noRule()
  })

  test.runIf(process.env.TRELLIS_CHAOS === 'all')(
    'goes on under another runner when its machine is drained',
    async () => {
      await apply('drained', { injector: 'kernel' })
      await chaos.untilInForce('drained')
      const [runner] = await chaos.runners('drained')
      await evict({ namespace: space.name, name: runner!.metadata.name })
      const over = await chaos.untilOver('drained')
      expect(over, JSON.stringify(over, null, 1)).toMatchObject({ phase: 'Passed', fidelity: 'kernel' })
      await noRule()
    },
  )

  test('covers a pod that comes back, and is gone at once when it is aborted', async () => {
    await apply('covered', {
      injector: 'kernel',
      faults: [{ name: 'halves', duration: '120s', partition: { shape: 'halves' } }],
    })
    await chaos.untilInForce('covered')
    const name = podName('quickstart', 'miner-0')
    const before = await testnet.pod('miner-0')
    await remove(resources.pods, before!.metadata, { gracePeriodSeconds: 0 })
    const addressed = await testnet.until('its pod is back', 60_000, async () => {
      const pod = await testnet.pod('miner-0')
      const ip = pod?.metadata.uid === before!.metadata.uid ? undefined : pod?.status?.podIP
      return ip === undefined ? undefined : { ip, at: Date.now() }
    })
    await testnet.until('it has its rules', 30_000, async () => (await members(name).catch(() => 0)) >= 4)
    const took = Date.now() - addressed.at
    const others = names.filter(other => other !== name)
    const rules = await Promise.all(others.map(ruleset))
    // On the other side of the cut are four, and each of them names it.
    expect(rules.filter(text => text.includes(addressed.ip))).toHaveLength(4)
    // Two seconds, and what asking for it through the API server takes.
    expect(took).toBeLessThan(5_000)

    await chaos.abort('covered')
    expect(await chaos.untilOver('covered')).toMatchObject({ phase: 'Aborted' })
    await testnet.until('no rule is left', 20_000, async () => {
      const left = await Promise.all(names.map(members))
      return left.every(count => count === 0)
    })
    await testnet.untilReady(180_000)
  })

  test('is not needed for kills, pauses and restarts: nodes do them to themselves', async () => {
    const select = (name: string) => ({ names: [name] })
    const faults = [
      { name: 'kill', duration: '6s', select: select('miner-0'), kill: {} },
      { name: 'pause', at: '8s', duration: '6s', select: select('miner-1'), pause: {} },
      { name: 'restart', at: '16s', duration: '3s', select: select('miner-2'), restart: {} },
    ]
    await apply('lifecycle', { faults, heal: { within: '60s', lostTransactions: 0 } })
    const over = await chaos.untilOver('lifecycle')
    expect(over, JSON.stringify(over, null, 1)).toMatchObject({
      phase: 'Passed',
      faults: faults.map(({ name }) => ({ name, targets: 1, injected: 1, recovered: 1 })),
    })
    const containers = (await testnet.pods()).flatMap(({ status }) => status?.containerStatuses ?? [])
    expect(containers.filter(({ restartCount }) => restartCount > 0).length).toBe(2)
  })
})

describe.skipIf(notInstallable)('a testnet with net agents', () => {
  let space: TestNamespace

  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('chaos-refused')
  })
  afterAll(() => space?.remove())

  test('is told which label its namespace lacks', async () => {
    const testnet = await space.testnet('harmless', [boot, miners(1)], { chaos: { kernel: true } })
    const { message } = await testnet.untilCondition('Ready', 'False', 60_000, 'AdmissionRefused')
    expect(message).toContain('pod-security.kubernetes.io/enforce=privileged')
  })
})
