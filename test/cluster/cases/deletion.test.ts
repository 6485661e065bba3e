// In whatever order things are deleted: nothing of a testnet stays, and nothing hangs in its deletion.
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { $ } from 'zx'
import { isNotFound } from '../../../operator/kubernetes/runtime/api-error.ts'
import { resource, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { installed, operatorPod, operatorReady, release, uninstalled } from '../chart.ts'
import { change, get, list, remove } from '../cluster-api.ts'
import { objectsOf, untilNothingIsLeft } from '../leftovers.ts'
import { miners, type RunningTestnet, TestNamespace } from '../testnets.ts'
import { given, notInstallable } from '../under-test.ts'
import { until } from '../until.ts'

const definitions = resource('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', {
  namespaced: false,
})
const deployments = resource('apps/v1', 'Deployment', 'deployments')

describe.skipIf(notInstallable)('deletion', () => {
  const spaces: TestNamespace[] = []
  /** A running testnet in a namespace of its own. */
  const living = async (name: string): Promise<RunningTestnet> => {
    const space = await TestNamespace.create(`delete-${name}`)
    spaces.push(space)
    const testnet = await space.testnet('doomed', [miners(1)])
    await testnet.untilReady(60_000)
    return testnet
  }
  beforeEach(() => installed())
  afterAll(async () => {
    await installed()
    await Promise.all(spaces.map(space => space.remove()))
  })

  test('of the namespace', async () => {
    const { namespace } = await living('namespace')
    await remove(resources.namespaces, { name: namespace })
    await until(
      'the namespace is gone',
      { withinMs: 90_000, everyMs: 200, describe: async () => (await objectsOf(namespace)).join('\n') },
      async () => (await get(resources.namespaces, { name: namespace })) === undefined,
    )
  })

  test('of the operator first, then of the testnet', async () => {
    const testnet = await living('operator')
    await change(deployments, { namespace: release.namespace, name: release.deployment }, { spec: { replicas: 0 } })
    await until(
      'no operator is left',
      { withinMs: 60_000, everyMs: 200 },
      async () => (await list(resources.pods, release.namespace)).length === 0,
    )
    await testnet.delete()
    await untilNothingIsLeft(testnet.namespace, testnet.name)
    await change(deployments, { namespace: release.namespace, name: release.deployment }, { spec: { replicas: 1 } })
    await operatorReady()
  })

  test('of the chart with a testnet alive, which lives on, and goes when it is told to', async () => {
    const testnet = await living('chart')
    const before = (await testnet.pods()).map(({ metadata }) => metadata.uid)
    await uninstalled()
    expect((await testnet.pods()).map(({ metadata }) => metadata.uid)).toEqual(before)
    expect((await testnet.nodeStatus('miner-0')).head.height).toBeGreaterThan(0)
    await testnet.delete()
    await untilNothingIsLeft(testnet.namespace, testnet.name)
    await until('nothing of the release is left', { withinMs: 60_000, everyMs: 200 }, async () => {
      const pods = await list(resources.pods, release.namespace)
      return pods.length === 0
    })
  })

  test('of the definitions first takes the testnets along, and the operator goes on when they are back', async () => {
    const testnet = await living('definitions')
    const { metadata } = await operatorPod()
    const kubectl = $({ quiet: true, env: { ...process.env, KUBECONFIG: given.kubeconfig } })
    const { stdout } = await kubectl`${given.kubectl} get crd -o name`
    const ours = stdout.split('\n').filter(name => name.endsWith('.trellis.dev'))
    expect(ours.length).toBeGreaterThan(0)
    await kubectl`${given.kubectl} delete ${ours} --timeout=60s`
    await untilNothingIsLeft(testnet.namespace, testnet.name)
    for (const name of ours)
      expect(
        await get(definitions, { name: name.slice(name.indexOf('/') + 1) }).catch(error => isNotFound(error)),
      ).toBeUndefined()
    await installed({ again: true })
    const other = await living('afterwards')
    expect((await other.pods()).length).toBe(1)
    // The same process all the time: it neither crashed nor was replaced.
    const now = await operatorPod()
    expect(now.metadata.uid).toBe(metadata.uid)
    expect(now.status?.containerStatuses?.[0]?.restartCount).toBe(0)
  })
})
