// The experiment of the README on a testnet in pods: two halves that the kernel keeps apart, healed and judged.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { $ } from 'zx'
import { parseRunRecord } from '../../../api/run.ts'
import { type ExperimentStatus, endPhases } from '../../../api/status.ts'
import { judge } from '../../../chaos/verdict/judge.ts'
import { podName } from '../../../operator/kubernetes/build/names.ts'
import { AGENT_CONTAINER } from '../../../operator/kubernetes/build/net-agent.ts'
import { recordObject } from '../../../operator/kubernetes/chaos/names.ts'
import { experiments } from '../../../operator/kubernetes/chaos/stored-experiment.ts'
import { RECORD_KEY } from '../../../operator/kubernetes/runner/kept.ts'
import { resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { installed } from '../chart.ts'
import { create, get } from '../cluster-api.ts'
import { boot, miners, type RunningTestnet, TestNamespace, testnetKind } from '../testnets.ts'
import { given, notInstallable } from '../under-test.ts'

const example = async (name: string) =>
  parse(await readFile(join(import.meta.dirname, '../../../examples', name), 'utf8')) as {
    metadata: { name: string }
    spec: Record<string, unknown>
  }

describe.skipIf(notInstallable)('a partition by the kernel', () => {
  let space: TestNamespace
  let testnet: RunningTestnet
  let names: string[]

  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('chaos-partition', 'privileged')
    const { metadata, spec } = await example('quickstart.yaml')
    const { apiVersion, kind } = testnetKind
    await create(testnetKind, {
      apiVersion,
      kind,
      metadata: { ...metadata, namespace: space.name },
      spec: { ...spec, chaos: { kernel: true } },
    })
    testnet = space.running(metadata.name)
    await testnet.untilReady(120_000)
    names = (await testnet.pods()).map(pod => pod.metadata.name)
    expect(names).toHaveLength(8)
  })
  afterAll(() => space?.remove())

  /** Members of the kernel's sets in the pod: addresses that rules act on. */
  const members = async (pod: string): Promise<number> => {
    const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: given.kubeconfig } })
    const inAgent = ['exec', '-n', space.name, pod, '-c', AGENT_CONTAINER, '--']
    const { stdout } = await kubectl`${given.kubectl} ${inAgent} /usr/sbin/nft -j list ruleset`
    const { nftables } = JSON.parse(stdout) as { nftables: { set?: { elem?: unknown[] } }[] }
    return nftables.reduce((sum, { set }) => sum + (set?.elem?.length ?? 0), 0)
  }

  test('holds in every pod, heals, and is told with its verdict', async () => {
    const { metadata, spec } = await example('partition-halves.yaml')
    const { apiVersion, kind } = experiments
    const name = { namespace: space.name, name: metadata.name }
    await create(experiments, { apiVersion, kind, metadata: name, spec: { ...spec, injector: 'kernel' } })
    const status = async (): Promise<ExperimentStatus> => (await get(experiments, name))?.status ?? {}
    const isOver = ({ phase }: ExperimentStatus) => endPhases.some(end => end === phase)

    await testnet.until('the faults are in force', 150_000, async () => {
      const now = await status()
      if (isOver(now)) throw new Error(`it ended before its faults: ${JSON.stringify(now)}`)
      return now.phase === 'Injecting' && now.faults?.every(({ injected, targets }) => injected === targets)
    })
    const held = await Promise.all(names.map(members))
    for (const [index, count] of held.entries()) expect(count, names[index]).toBeGreaterThanOrEqual(4)

    const over = await testnet.until('it is over', 180_000, async () => {
      const now = await status()
      return isOver(now) && now
    })
    expect(over, JSON.stringify(over, null, 1)).toMatchObject({
      phase: 'Passed',
      fidelity: 'kernel',
      faults: [{ name: 'halves', targets: 8, injected: 8, recovered: 8 }],
      record: recordObject(metadata.name),
    })
    expect(over.healTime).toMatch(/^\d+\.\ds$/)
    expect(await Promise.all(names.map(members))).toEqual(names.map(() => 0))
  })

  test('keeps what it saw, and a second judge says the same', async () => {
    const map = await get(resources.configMaps, { namespace: space.name, name: recordObject('partition-halves') })
    const bytes = Buffer.from(map?.binaryData?.[RECORD_KEY] ?? '', 'base64')
    const record = parseRunRecord((await promisify(gunzip)(bytes)).toString('utf8'))
    expect(record.testnet.nodes.map(({ name }) => podName('quickstart', name)).sort()).toEqual(names.sort())
    expect(judge(record)).toMatchObject({ result: 'passed', fidelity: 'kernel' })
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
