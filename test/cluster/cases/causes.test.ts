// Whatever keeps a testnet from running is named within 30 s by a condition of the Testnet, with the object and the mend;
// and once it is mended, nobody has to help. All at once, because most of the time is waiting.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KubeObject, resource, resources } from '../../../operator/kubernetes/runtime/resource.ts'
import { installed } from '../chart.ts'
import { change, create, refusalOf, remove } from '../cluster-api.ts'
import { miners, type RunningTestnet, TestNamespace } from '../testnets.ts'
import { given, notInstallable } from '../under-test.ts'
import { until } from '../until.ts'

const NAMED_MS = 30_000
const quotas = resource('v1', 'ResourceQuota', 'resourcequotas')
const policies = resource(
  'admissionregistration.k8s.io/v1',
  'ValidatingAdmissionPolicy',
  'validatingadmissionpolicies',
  { namespaced: false },
)
const bindings = resource(
  'admissionregistration.k8s.io/v1',
  'ValidatingAdmissionPolicyBinding',
  'validatingadmissionpolicybindings',
  { namespaced: false },
)

interface Cause {
  readonly name: string
  readonly reason: string
  /** Of the testnet's spec. */
  readonly spec?: object
  readonly nodes?: number
  readonly before?: (namespace: string) => Promise<void>
  /** What the condition's message says, besides. */
  readonly says: readonly (string | RegExp)[]
  readonly mend: (testnet: RunningTestnet) => Promise<void>
}

const absent = 'localhost/trellis-node:absent'
const policy = (namespace: string) => `${namespace}-no-miners`

/** One that a restricted namespace takes. */
const harmlessPod = (namespace: string): KubeObject => {
  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  }
  const spec = { containers: [{ name: 'probe', image: absent, securityContext }] }
  return { metadata: { name: 'probe', namespace }, spec } as KubeObject
}

const causes: readonly Cause[] = [
  {
    name: 'image',
    reason: 'ImagePull',
    // All of them: the StatefulSet's controller would mend one after the other.
    nodes: 3,
    spec: { image: absent },
    says: [absent, /ill-miner-\d/],
    mend: testnet => testnet.change({ image: given.nodeImage }),
  },
  {
    name: 'crash',
    reason: 'CrashLoop',
    // A program that does not take a node's configuration.
    spec: { image: given.operatorImage },
    // What it said last, before it ended.
    says: ['ill-miner-0', 'cannot run'],
    mend: testnet => testnet.change({ image: given.nodeImage }),
  },
  {
    name: 'quota',
    reason: 'QuotaExceeded',
    nodes: 2,
    before: async namespace =>
      void (await create(quotas, {
        metadata: { name: 'tight', namespace },
        spec: { hard: { pods: '1' } },
      } as KubeObject)),
    says: ['tight', 'pods'],
    mend: async ({ namespace }) =>
      void (await change(quotas, { namespace, name: 'tight' }, { spec: { hard: { pods: '9' } } })),
  },
  {
    name: 'scheduling',
    reason: 'Unschedulable',
    spec: { defaults: { resources: { requests: { cpu: '500' } } } },
    says: ['ill-miner-0', /cpu/i],
    mend: testnet => testnet.change({ defaults: { resources: { requests: { cpu: '10m' } } } }),
  },
  {
    name: 'volume',
    reason: 'VolumeNotBound',
    spec: { defaults: { storage: { size: '16Mi', className: 'nobody-has-this' } } },
    says: ['data-ill-miner-0', 'nobody-has-this'],
    // Storage cannot be changed: another testnet takes its place.
    mend: async testnet => {
      await testnet.delete()
      await testnet.until('it is gone', 60_000, async () => (await testnet.pods()).length === 0)
    },
  },
  {
    name: 'admission',
    reason: 'AdmissionRefused',
    before: async namespace => {
      const name = policy(namespace)
      await create(policies, {
        metadata: { name },
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
            resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
          },
          validations: [{ expression: 'false', message: 'the house has a rule against it' }],
        },
      } as KubeObject)
      const binding = { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } }
      await create(bindings, binding as KubeObject)
      // The server takes a policy up by and by.
      await until('the policy is in force', { withinMs: 20_000, everyMs: 200 }, async () =>
        (await refusalOf(resources.pods, harmlessPod(namespace)))?.includes('the house has a rule'),
      )
    },
    says: ['the house has a rule against it'],
    mend: async ({ namespace }) => await remove(bindings, { name: policy(namespace) }),
  },
]

describe.skipIf(notInstallable)('a cause is named', () => {
  const spaces: TestNamespace[] = []
  beforeAll(() => installed())
  afterAll(async () => {
    await Promise.all(
      spaces.map(async space => {
        await remove(bindings, { name: policy(space.name) })
        await remove(policies, { name: policy(space.name) })
        await space.remove()
      }),
    )
  })

  test.concurrent.each(causes)('$name: $reason', async ({ name, reason, spec, nodes = 1, before, says, mend }) => {
    const space = await TestNamespace.create(`cause-${name}`)
    spaces.push(space)
    await before?.(space.name)
    const testnet = await space.testnet('ill', [miners(nodes)], { network: { topology: { shape: 'full' } }, ...spec })
    await testnet.untilCondition('Provisioned', 'False', NAMED_MS, reason)
    const { message } = await testnet.untilCondition('Ready', 'False', NAMED_MS, reason)
    for (const part of says) expect(message).toMatch(part)
    await mend(testnet)
    if (name !== 'volume') await testnet.untilReady(90_000)
  })
})
