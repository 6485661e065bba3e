// Experiments that end otherwise than by their own verdict, and those that make others.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ExperimentStatus, endPhases } from '../../../api/status.ts'
import { EXPERIMENT_LABEL, runnerObject } from '../../../operator/kubernetes/chaos/names.ts'
import { experiments } from '../../../operator/kubernetes/chaos/stored-experiment.ts'
import { resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { installed } from '../chart.ts'
import { change, create, get, list } from '../cluster-api.ts'
import { boot, miners, type RunningTestnet, TestNamespace } from '../testnets.ts'
import { notInstallable } from '../under-test.ts'
import { until } from '../until.ts'

const halves = { name: 'halves', duration: '10m', partition: { shape: 'halves' } }

describe.skipIf(notInstallable)('experiments', () => {
  let space: TestNamespace
  let testnet: RunningTestnet

  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('chaos-control')
    testnet = await space.testnet('net', [boot, miners(2)])
    await testnet.untilReady(90_000)
  })
  afterAll(() => space?.remove())

  const named = (name: string) => ({ namespace: space.name, name })
  const apply = async (name: string, spec: object): Promise<void> => {
    const { apiVersion, kind } = experiments
    await create(experiments, { apiVersion, kind, metadata: named(name), spec })
  }
  const status = async (name: string): Promise<ExperimentStatus> => (await get(experiments, named(name)))?.status ?? {}
  const becomes = (name: string, phase: ExperimentStatus['phase'], withinMs: number): Promise<ExperimentStatus> =>
    until(`${name} is ${phase}`, { withinMs, describe: async () => JSON.stringify(await status(name)) }, async () => {
      const now = await status(name)
      if (now.phase !== phase && endPhases.some(end => end === now.phase))
        throw new Error(`it ended otherwise: ${JSON.stringify(now)}`)
      return now.phase === phase && now
    })

  test('of a testnet that there is not are over after their time, run after run', async () => {
    const spec = { testnet: 'nowhere', steadyState: { within: '1s' }, faults: [halves], repeat: 3, keep: 1 }
    await apply('many', spec)
    const { message, runs } = await becomes('many', 'Inconclusive', 60_000)
    expect(message).toBe('0 of 3 runs passed, 3 inconclusive')
    expect(runs).toMatchObject({ made: 3, inconclusive: 3 })
    const left = (await list(experiments, space.name)).map(({ metadata }) => metadata.name)
    expect(left.toSorted()).toEqual(['many', 'many-3'])
  })

  test('that are aborted while their faults are in force leave nothing running', async () => {
    await apply('long', { testnet: 'net', steadyState: { within: '2m' }, faults: [halves], injector: 'userspace' })
    await becomes('long', 'Injecting', 150_000)
    await change(experiments, named('long'), { spec: { abort: true } })
    await becomes('long', 'Aborted', 60_000)
    await until('its runner is gone', { withinMs: 60_000 }, async () => {
      const pods = await list(resources.pods, space.name, `${EXPERIMENT_LABEL}=long`)
      return pods.length === 0 && (await get(resources.jobs, named(runnerObject('long')))) === undefined
    })
    // Healed, and not only out of force: all nodes follow one chain again.
    await testnet.untilReady(90_000)
  })
})
