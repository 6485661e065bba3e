// A group of nodes as a StatefulSet. Its pods start all at once and keep their names and data.
import { digest } from '../runtime/drift.ts'
import type { ConfigMap, StatefulSet } from '../runtime/resource.ts'
import { GROUP_FILE, TESTNET_FILE } from './configuration.ts'
import type { BuildInput, Group } from './input.ts'
import {
  groupLabels,
  groupObject,
  groupSelector,
  headlessService,
  ports,
  testnetObject,
  testnetSelector,
} from './names.ts'
import { DATA_DIR } from './node-configs.ts'

const CONFIG_DIR = '/etc/trellis'
/** The numeric user of the node image. */
const NODE_USER = 65_532
/** A node closes its store within 4 s; the rest is for a slow disk. */
const GRACE_SECONDS = 15

/** Of what every pod of the group reads: a change of it is a new revision. A node's own part is read when it starts. */
export const CONFIG_ANNOTATION = 'trellis.dev/config'

export function statefulSet(input: BuildInput, group: Group, shared: readonly ConfigMap[]): StatefulSet {
  const { expanded, namespace, owner, settings, suspend, partitions } = input
  const labels = groupLabels(expanded.name, group.name, group.role)
  const name = groupObject(expanded.name, group.name)
  const { storage } = settings
  const read = [TESTNET_FILE, GROUP_FILE].map(file => shared.find(({ data }) => data?.[file])?.data?.[file])
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace, labels, ownerReferences: [owner] },
    spec: {
      replicas: suspend ? 0 : group.nodes.length,
      serviceName: headlessService(expanded.name),
      podManagementPolicy: 'Parallel',
      revisionHistoryLimit: 3,
      selector: { matchLabels: groupSelector(expanded.name, group.name) },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: partitions?.get(group.name) ?? 0 } },
      ...(storage && {
        // Suspending scales to zero and must keep the data; a group that shrinks may not need it.
        persistentVolumeClaimRetentionPolicy: {
          whenDeleted: 'Delete',
          whenScaled: suspend ? 'Retain' : settings.whenScaled,
        },
        volumeClaimTemplates: [
          {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            metadata: { name: 'data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              ...(storage.className !== undefined && { storageClassName: storage.className }),
              resources: { requests: { storage: storage.size } },
            },
          },
        ],
      }),
      template: {
        metadata: { labels, annotations: { [CONFIG_ANNOTATION]: digest(read) } },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: NODE_USER,
            runAsGroup: NODE_USER,
            fsGroup: NODE_USER,
            fsGroupChangePolicy: 'OnRootMismatch',
            seccompProfile: { type: 'RuntimeDefault' },
          },
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              labelSelector: { matchLabels: testnetSelector(expanded.name) },
            },
          ],
          containers: [container(input)],
          volumes: [
            { name: 'testnet', configMap: { name: testnetObject(expanded.name) } },
            { name: 'group', configMap: { name } },
            { name: 'keys', secret: { secretName: name } },
            ...(storage ? [] : [{ name: 'data', emptyDir: {} }]),
          ],
        },
      },
    },
  }
}

type Container = NonNullable<NonNullable<StatefulSet['spec']>['template']['spec']>['containers'][number]

function container({ settings: { image, imagePullPolicy, resources } }: BuildInput): Container {
  const layers = [
    { volume: 'testnet', file: TESTNET_FILE, from: TESTNET_FILE },
    { volume: 'group', file: GROUP_FILE, from: GROUP_FILE },
    { volume: 'group', file: 'node.json', from: '$(POD_NAME).json' },
    { volume: 'keys', file: 'keys.json', from: '$(POD_NAME).json' },
  ]
  const probe = (path: string) => ({ httpGet: { path, port: 'http' } })
  return {
    name: 'node',
    image,
    ...(imagePullPolicy && { imagePullPolicy }),
    args: layers.flatMap(({ file }) => ['--config', `${CONFIG_DIR}/${file}`]),
    env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }],
    ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' })),
    // Every pod sees only its own files of what the group shares.
    volumeMounts: [
      ...layers.map(({ volume, file, from }) => ({
        name: volume,
        mountPath: `${CONFIG_DIR}/${file}`,
        readOnly: true,
        subPathExpr: from,
      })),
      { name: 'data', mountPath: DATA_DIR },
    ],
    resources: { requests: { ...resources.requests }, limits: { ...resources.limits } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    // A node that has to catch up, or to verify a long store, is alive before it is ready.
    startupProbe: { ...probe('/healthz'), periodSeconds: 1, failureThreshold: 120 },
    livenessProbe: { ...probe('/healthz'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 },
  }
}
