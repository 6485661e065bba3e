import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Event, PersistentVolumeClaim, Pod, StatefulSet } from '../runtime/resource.ts'
import { type CauseInput, type CauseReason, causeReasons, causesOf } from './causes.ts'

// Messages as Kubernetes 1.35 and containerd write them.
const NOW = Date.parse('2026-06-01T12:00:00Z')
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString()
const set: StatefulSet = {
  metadata: { name: 't-m', uid: 's-1' },
  spec: { replicas: 3 } as StatefulSet['spec'] & object,
}

type Status = NonNullable<Pod['status']>
type Container = NonNullable<Status['containerStatuses']>[number]

function pod(index: number, status: Status = {}, spec: object = {}): Pod {
  return {
    metadata: {
      name: `t-m-${index}`,
      creationTimestamp: ago(60),
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 't-m', uid: 's-1', controller: true }],
    },
    spec: {
      containers: [{ name: 'node', image: 'trellis/node:9', resources: { limits: { memory: '64Mi' } } }],
      nodeName: 'machine-1',
      ...spec,
    },
    status: { phase: 'Pending', ...status },
  }
}
const ready = (index: number, spec = {}) =>
  pod(index, { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }, spec)
const container = (more: Partial<Container>): Status => ({
  containerStatuses: [{ name: 'node', image: 'trellis/node:9', imageID: '', ready: false, restartCount: 0, ...more }],
})
const waiting = (reason: string, message?: string) =>
  container({ state: { waiting: { reason, ...(message && { message }) } } })
const warning = (kind: string, name: string, reason: string, note: string): Event => ({
  metadata: { name: 'e' },
  eventTime: ago(5),
  type: 'Warning',
  reason,
  note,
  regarding: { kind, name },
})
const unscheduled = (message: string): Status => ({
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
})
const claim = (phase: string): PersistentVolumeClaim => ({
  metadata: { name: 'data-t-m-0' },
  spec: { storageClassName: 'fast' },
  status: { phase },
})
const withClaim = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-t-m-0' } }] }
const fresh = (pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, creationTimestamp: ago(2) } })
const unplaced = { nodeName: undefined, ...withClaim }
const world = (more: Partial<CauseInput>): CauseInput => ({
  statefulSets: [set],
  pods: [],
  claims: [],
  warnings: [],
  lostMachines: new Map(),
  refusals: [],
  ...more,
})

interface Case {
  name: string
  input: Partial<CauseInput>
  reason: CauseReason | undefined
  says?: string | RegExp
  pods?: number
}
const others = [ready(1), ready(2)]

describe('the cause', () => {
  test.each<Case>([
    { name: 'of nothing', input: { pods: [ready(0), ...others] }, reason: undefined },
    {
      name: 'of a pod that just starts',
      input: { pods: [pod(0, waiting('ContainerCreating')), ...others] },
      reason: undefined,
    },
    {
      name: 'of a pod that goes',
      input: {
        pods: [
          { ...pod(0, waiting('CrashLoopBackOff')), metadata: { name: 't-m-0', deletionTimestamp: ago(1) } },
          ...others,
        ],
      },
      reason: undefined,
    },
    {
      name: 'of an image that backs off, with the word of the registry',
      input: {
        pods: [
          pod(0, waiting('ImagePullBackOff', 'Back-off pulling image "trellis/node:9"')),
          pod(1, waiting('ErrImagePull', 'x')),
          ready(2),
        ],
        warnings: [
          warning(
            'Pod',
            't-m-0',
            'Failed',
            'Failed to pull image "trellis/node:9": rpc error: code = NotFound desc = not found',
          ),
          warning('Pod', 't-m-0', 'Failed', 'Error: ImagePullBackOff'),
          warning('Pod', 't-m-0', 'BackOff', 'Back-off pulling image "trellis/node:9"'),
        ],
      },
      reason: 'ImagePull',
      pods: 2,
      says: /^Pod t-m-0: image trellis\/node:9 cannot be pulled: Failed to pull image .*not found\. Correct spec\.image/,
    },
    {
      name: 'of an image that must be there and is not',
      input: {
        pods: [
          pod(
            0,
            waiting('ErrImageNeverPull', 'Container image "trellis/node:9" is not present with pull policy of Never'),
          ),
          ...others,
        ],
      },
      reason: 'ImagePull',
      says: /not present with pull policy of Never/,
    },
    {
      name: 'of a container that cannot be made',
      input: {
        pods: [
          pod(0, waiting('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root')),
          ...others,
        ],
      },
      reason: 'CannotStart',
      says: /CreateContainerConfigError: container has runAsNonRoot/,
    },
    {
      name: 'of a crash loop, with its last words',
      input: {
        pods: [
          pod(
            0,
            container({
              restartCount: 4,
              state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 1m20s restarting failed container' } },
              lastState: {
                terminated: {
                  exitCode: 2,
                  reason: 'Error',
                  message: '{"level":"info"}\n{"level":"error","message":"no such genesis"}\n',
                },
              },
            }),
          ),
          ...others,
        ],
      },
      reason: 'CrashLoop',
      says: 'Pod t-m-0: ends with exit code 2, started again 4 times; its last words: {"level":"error","message":"no such genesis"}. See `kubectl logs -p t-m-0`',
    },
    {
      name: 'of one that crashed a moment ago',
      input: {
        pods: [pod(0, container({ restartCount: 1, state: { terminated: { exitCode: 1, signal: 6 } } })), ...others],
      },
      reason: 'CrashLoop',
      says: /ends with signal 6, started again once\./,
    },
    {
      name: 'of one that was killed for its memory',
      input: {
        pods: [
          pod(
            0,
            container({
              restartCount: 3,
              state: { waiting: { reason: 'CrashLoopBackOff' } },
              lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
            }),
          ),
          ...others,
        ],
      },
      reason: 'OOMKilled',
      says: /of which it may use 64Mi, started again 3 times\. Raise resources\.limits\.memory/,
    },
    {
      name: 'of one that has no room',
      input: {
        pods: [
          pod(0, unscheduled('0/2 nodes are available: 2 Insufficient memory. no new claims to deallocate.'), {
            nodeName: undefined,
          }),
          ...others,
        ],
      },
      reason: 'Unschedulable',
      says: /no machine takes it: 0\/2 nodes are available: 2 Insufficient memory\..*Add machines/,
    },
    {
      name: 'of a storage class that is not there',
      input: {
        pods: [
          pod(0, unscheduled('0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.'), unplaced),
          ...others,
        ],
        claims: [claim('Pending')],
        warnings: [
          warning(
            'PersistentVolumeClaim',
            'data-t-m-0',
            'ProvisioningFailed',
            'storageclass.storage.k8s.io "fast" not found',
          ),
        ],
      },
      reason: 'VolumeNotBound',
      says: /its claim data-t-m-0 \(class fast\) has no volume: storageclass\.storage\.k8s\.io "fast" not found/,
    },
    {
      name: 'of a pod that is placed in a moment',
      input: {
        pods: [fresh(pod(0, unscheduled('pod has unbound immediate PersistentVolumeClaims'), unplaced)), ...others],
        claims: [claim('Pending')],
      },
      reason: undefined,
    },
    {
      name: 'of a volume that is lost',
      input: { pods: [pod(0, {}, withClaim), ...others], claims: [claim('Lost')] },
      reason: 'VolumeNotBound',
      says: /it was lost/,
    },
    {
      name: 'of a volume that waits for its first pod',
      input: { pods: [pod(0, {}, unplaced), ...others], claims: [claim('Pending')] },
      reason: undefined,
    },
    {
      name: 'of a volume that cannot be mounted',
      input: {
        pods: [pod(0, waiting('ContainerCreating'), withClaim), ...others],
        claims: [claim('Bound')],
        warnings: [warning('Pod', 't-m-0', 'FailedMount', 'MountVolume.SetUp failed for volume "pv-1": no such file')],
      },
      reason: 'VolumeNotBound',
      says: /a volume cannot be mounted: MountVolume\.SetUp failed/,
    },
    {
      name: 'of an image, though a volume was late at first',
      input: {
        pods: [pod(0, waiting('ImagePullBackOff', 'Back-off pulling image'), withClaim), ...others],
        claims: [claim('Bound')],
        warnings: [warning('Pod', 't-m-0', 'FailedMount', 'failed to sync configmap cache: timed out')],
      },
      reason: 'ImagePull',
    },
    {
      name: 'of nothing, where a warning is about an earlier pod of the same name',
      input: {
        pods: [pod(0, waiting('ContainerCreating')), ...others],
        warnings: [
          {
            ...warning('Pod', 't-m-0', 'FailedMount', 'no such file'),
            regarding: { kind: 'Pod', name: 't-m-0', uid: 'p-0' },
          },
        ],
      },
      reason: undefined,
    },
    {
      name: 'of a lost machine, whose pods were told to go and cannot',
      input: {
        pods: [
          { ...pod(0), metadata: { ...pod(0).metadata, deletionTimestamp: ago(300) } },
          { ...ready(1), metadata: { ...pod(1).metadata, deletionTimestamp: ago(300) } },
          ready(2, { nodeName: 'machine-2' }),
        ],
        lostMachines: new Map([['machine-1', 'it is not ready']]),
      },
      reason: 'NodeLost',
      pods: 2,
    },
    {
      name: 'of a quota',
      input: {
        pods: [ready(0)],
        warnings: [
          warning(
            'StatefulSet',
            't-m',
            'FailedCreate',
            'create Pod t-m-1 in StatefulSet t-m failed error: pods "t-m-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1',
          ),
        ],
      },
      reason: 'QuotaExceeded',
      pods: 2,
      says: /^StatefulSet t-m: .*exceeded quota: small.*\. Raise the ResourceQuota/,
    },
    {
      name: 'of a quota that is met again',
      input: {
        pods: [ready(0), ...others],
        warnings: [warning('StatefulSet', 't-m', 'FailedCreate', 'exceeded quota')],
      },
      reason: undefined,
    },
    {
      name: 'of a quota that was raised before the last pod was made',
      input: {
        pods: [ready(0), fresh(ready(1))],
        warnings: [warning('StatefulSet', 't-m', 'FailedCreate', 'exceeded quota')],
      },
      reason: undefined,
    },
    {
      name: 'of a policy on pods',
      input: {
        pods: [],
        warnings: [
          warning(
            'StatefulSet',
            't-m',
            'FailedCreate',
            'create Pod t-m-0 in StatefulSet t-m failed error: pods "t-m-0" is forbidden: violates PodSecurity "restricted:latest": seccompProfile',
          ),
        ],
      },
      reason: 'AdmissionRefused',
      pods: 3,
      says: /violates PodSecurity.*Let the namespace take pods of the restricted profile/,
    },
    {
      name: 'of the net agent in a namespace that takes harmless pods only',
      input: {
        pods: [],
        warnings: [
          warning(
            'StatefulSet',
            't-m',
            'FailedCreate',
            'create Pod t-m-0 in StatefulSet t-m failed error: pods "t-m-0" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities (container "net-agent" must not include "NET_ADMIN" in securityContext.capabilities.add)',
          ),
        ],
      },
      reason: 'AdmissionRefused',
      pods: 3,
      says: /pod-security\.kubernetes\.io\/enforce=privileged/,
    },
    {
      name: 'of a right that the operator does not have',
      input: {
        refusals: [
          {
            kind: 'Secret',
            name: 't-m',
            status: 403,
            message:
              'secrets "t-m" is forbidden: User "system:serviceaccount:trellis-system:trellis-operator" cannot patch resource "secrets" in API group "" in the namespace "lab"',
          },
        ],
      },
      reason: 'AdmissionRefused',
      pods: 0,
      says: /install the roles of its chart/,
    },
    {
      name: 'of a policy on our own objects',
      input: {
        refusals: [
          {
            kind: 'StatefulSet',
            name: 't-m',
            status: 403,
            message: 'admission webhook "no.example" denied the request: no',
          },
        ],
      },
      reason: 'AdmissionRefused',
      pods: 0,
      says: /^StatefulSet t-m: admission webhook "no\.example" denied the request: no\. Change what the Testnet asks for/,
    },
    {
      name: 'of a quota on our own objects',
      input: {
        refusals: [
          { kind: 'Secret', name: 't-m', status: 403, message: 'secrets "t-m" is forbidden: exceeded quota: q' },
        ],
      },
      reason: 'QuotaExceeded',
      pods: 0,
    },
    {
      name: 'of a lost machine, though its pod still counts as ready',
      input: {
        pods: [ready(0), ready(1, { nodeName: 'machine-2' })],
        lostMachines: new Map([['machine-1', 'its kubelet has not renewed its lease for 30 s']]),
      },
      reason: 'NodeLost',
      pods: 1,
      says: /^Pod t-m-0: its machine machine-1 is lost: its kubelet/,
    },
    {
      name: 'of an eviction',
      input: {
        pods: [
          pod(0, { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory. ' }),
          ...others,
        ],
      },
      reason: 'PodEvicted',
      says: /its machine gave it up: Evicted: The node was low on resource: memory\. It is made again/,
    },
    {
      name: 'of a probe that goes on failing',
      input: {
        pods: [pod(0, container({ state: { running: { startedAt: ago(40) } } })), ...others],
        warnings: [
          warning('Pod', 't-m-0', 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503'),
        ],
      },
      reason: 'ProbeFailing',
      says: /it runs and is not ready: Readiness probe failed: HTTP probe failed with statuscode: 503\./,
    },
    {
      name: 'of a probe that failed while the node started',
      input: {
        pods: [pod(0, container({ state: { running: { startedAt: ago(3) } } })), ...others],
        warnings: [warning('Pod', 't-m-0', 'Unhealthy', 'Startup probe failed: connection refused')],
      },
      reason: undefined,
    },
  ])('$name is $reason', ({ input, reason, says = '', pods = 1 }) => {
    const [first, ...more] = causesOf(world(input), NOW)
    expect([first?.reason, more]).toEqual([reason, []])
    if (reason === undefined) return
    expect(first?.message).toMatch(says)
    expect(first?.pods).toBe(pods)
  })
})

test('the most fundamental cause comes first, and a long message is cut', () => {
  const causes = causesOf(
    world({
      pods: [
        pod(0, waiting('ImagePullBackOff', 'x'.repeat(5_000))),
        pod(1, unscheduled('no room'), { nodeName: undefined }),
        pod(2, container({ state: { terminated: { exitCode: 1 } } })),
      ],
    }),
    NOW,
  )
  expect(causes.map(({ reason }) => reason)).toEqual(['Unschedulable', 'ImagePull', 'CrashLoop'])
  expect(causes[1]?.message.length).toBeLessThan(600)
})

test('every cause is in the documentation, in its order', () => {
  const text = readFileSync(new URL('../../../docs/conditions.md', import.meta.url), 'utf8')
  const rows = text.split('\n').flatMap(line => /^\| ([A-Z]\w+) \|/.exec(line)?.[1] ?? [])
  expect(rows.filter(reason => (causeReasons as readonly string[]).includes(reason))).toEqual(causeReasons)
})
