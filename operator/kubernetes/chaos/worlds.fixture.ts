// Worlds for the tests of plans: objects as the API server would have them, with what a test wants otherwise.
import type { Condition } from '../../../api/conditions.ts'
import type { ExperimentStatus } from '../../../api/status.ts'
import { operatorConfigSchema } from '../config.ts'
import type { Job, Pod } from '../runtime/resource.ts'
import type { StoredTestnet } from '../testnet/world.ts'
import { EXPERIMENT_LABEL, runnerObject, TARGET_LABEL } from './names.ts'
import { planChaos } from './plan.ts'
import type { StoredExperiment } from './stored-experiment.ts'
import type { ChaosPlan, ChaosWorld, ExperimentPlan } from './world.ts'

export const T0 = Date.parse('2026-05-01T12:00:00Z')
export const iso = (at: number): string => new Date(at).toISOString()

export const runner = operatorConfigSchema.shape.runner.parse({
  image: 'trellis/operator:1',
  role: { kind: 'ClusterRole', name: 'trellis-runner' },
})!

export const cut = { name: 'cut', duration: '10s', partition: { shape: 'halves' } }

export function experiment(
  name: string,
  {
    spec = {},
    status,
    ...metadata
  }: { spec?: object; status?: ExperimentStatus } & Partial<StoredExperiment['metadata']> = {},
): StoredExperiment {
  return {
    metadata: { name, namespace: 'lab', uid: `u-${name}`, generation: 1, creationTimestamp: iso(T0), ...metadata },
    spec: { testnet: 'net', faults: [cut], ...spec },
    ...(status && { status }),
  }
}

export function testnet(ready: Partial<Condition> | null = {}, spec: object = {}): StoredTestnet {
  const condition = { status: 'True', reason: 'Ok', message: '', observedGeneration: 1, lastTransitionTime: iso(T0) }
  const types = ['Provisioned', 'Connected', 'Converged', 'Finalizing', 'Ready']
  return {
    metadata: { name: 'net', namespace: 'lab', uid: 'u-net', generation: 1, creationTimestamp: iso(T0) },
    spec: {
      groups: [
        { name: 'boot', role: 'bootstrap' },
        { name: 'miners', role: 'miner', count: 3 },
      ],
      ...spec,
    },
    ...(ready && {
      status: {
        conditions: types.map(type => ({ type, ...condition, ...(type === 'Ready' && ready) })) as Condition[],
      },
    }),
  }
}

export function job(of: string, status: Job['status'] = { active: 1 }, more: Partial<Job['metadata']> = {}): Job {
  return {
    metadata: {
      name: runnerObject(of),
      namespace: 'lab',
      uid: `u-${of}-job`,
      ownerReferences: [
        { apiVersion: 'trellis.dev/v1alpha1', kind: 'ChaosExperiment', name: of, uid: `u-${of}`, controller: true },
      ],
      ...more,
    },
    status,
  }
}

export const endedJob = (of: string, type: 'Complete' | 'Failed', at: number, reason = 'BackoffLimitExceeded'): Job =>
  job(of, { conditions: [{ type, status: 'True', reason, lastTransitionTime: iso(at) }] })

export const pod = (of: string, status: Pod['status'], more: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: {
    name: `${of}--runner-x`,
    namespace: 'lab',
    uid: `u-${of}-pod`,
    labels: { [EXPERIMENT_LABEL]: of, [TARGET_LABEL]: 'net' },
    ownerReferences: [
      { apiVersion: 'batch/v1', kind: 'Job', name: runnerObject(of), uid: `u-${of}-job`, controller: true },
    ],
    ...more,
  },
  ...(status && { status }),
})

export const world = (more: Partial<ChaosWorld> = {}): ChaosWorld => ({
  namespace: 'lab',
  testnet: 'net',
  storedTestnet: testnet(),
  experiments: [],
  jobs: [],
  pods: [],
  warnings: [],
  refusals: new Map(),
  ...more,
})

export const planAt = (now: number, more: Partial<ChaosWorld>): ChaosPlan => planChaos(world(more), { runner }, now)

/** The plan of the experiment of that name. */
export function planOfOne(now: number, name: string, more: Partial<ChaosWorld>): ExperimentPlan {
  const found = planAt(now, more).experiments.find(({ experiment }) => experiment.metadata.name === name)
  if (!found) throw new Error(`nothing is planned for ${name}`)
  return found
}

/** The object with what the plan wrote, as the API server would have it. */
export const written = ({ experiment, status }: ExperimentPlan): StoredExperiment =>
  status ? { ...experiment, status: { ...experiment.status, ...status } } : experiment
