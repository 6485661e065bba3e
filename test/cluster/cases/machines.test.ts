// A machine of the cluster is drained, and one is lost.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { $ } from 'zx'
import { type Node, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { installed, operatorPod } from '../chart.ts'
import { change, get } from '../cluster-api.ts'
import { bootNode, killNode } from '../cluster-components.ts'
import { Heights } from '../heights.ts'
import { boot, miners, type RunningTestnet, TestNamespace } from '../testnets.ts'
import { given, notOurMachines } from '../under-test.ts'
import { until } from '../until.ts'

/** Not the one with the control plane. */
const machine = 'node1'
const NAMED_MS = 30_000

describe.skipIf(notOurMachines)('a machine', () => {
  let space: TestNamespace
  let testnet: RunningTestnet
  const podsThere = async () => (await testnet.pods()).filter(({ spec }) => spec?.nodeName === machine)
  const schedulable = (yes: boolean) =>
    change<Node>(resources.nodes, { name: machine }, { spec: { unschedulable: !yes } })

  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('machines')
    testnet = await space.testnet('settled', [boot, miners(4)])
    await testnet.untilReady(90_000)
  })
  afterEach(() => schedulable(true))
  afterAll(() => space?.remove())

  test('that is drained takes one node after the other, the operator too', async () => {
    expect((await podsThere()).length).toBeGreaterThanOrEqual(2)
    const heights = new Heights(testnet)
    const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: given.kubeconfig } })
    await kubectl`${given.kubectl} drain ${machine} --ignore-daemonsets --delete-emptydir-data --timeout=120s`
    expect(await podsThere()).toEqual([])
    expect(heights.mostUnready).toBeLessThanOrEqual(1)
    await testnet.untilReady(90_000)
    await heights.end()
    expect((await operatorPod()).spec?.nodeName).not.toBe(machine)
  })

  test('that is lost is named, and the testnet is whole again when it is back', async () => {
    // New nodes go where the fewest are; the operator stays on the other machine.
    await testnet.changeGroups(group => (group.role === 'miner' ? { ...group, count: 6 } : group))
    await testnet.untilReady(90_000)
    const lost = await podsThere()
    expect(lost.length).toBeGreaterThan(0)
    await killNode(given.machines!, machine)
    try {
      const { message } = await testnet.untilCondition('Ready', 'False', NAMED_MS, 'NodeLost')
      expect(message).toContain(machine)
    } finally {
      await bootNode(given.machines!, machine)
    }
    await until(`${machine} is Ready`, { withinMs: 90_000, everyMs: 200 }, async () =>
      (await get(resources.nodes, { name: machine }))?.status?.conditions?.some(
        ({ type, status }) => type === 'Ready' && status === 'True',
      ),
    )
    const { nodes } = await testnet.untilReady(120_000)
    expect(nodes).toMatchObject({ desired: 7, ready: 7 })
  })
})
