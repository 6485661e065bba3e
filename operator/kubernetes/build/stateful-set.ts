// A group of nodes as a StatefulSet. Its pods start all at once and keep their names and data.
import { digest } from '../runtime/drift.ts'
import type { StatefulSet } from '../runtime/resource.ts'
import { ADMIN_FILE, GROUP_FILE, TESTNET_FILE } from './configuration.ts'
import type { BuildInput, Group } from './input.ts'
import {
  groupLabels,
  groupObject,
  groupSelector,
  headlessService,
  ports,
  scrapeAnnotations,
  testnetObject,
  testnetSelector,
} from './names.ts'
import { netAgent } from './net-agent.ts'
import { DATA_DIR } from './node-configs.ts'
import { groupRevision, REVISION_ANNOTATION, TEMPLATE_ANNOTATION } from './revision.ts'
import { type Workload, workloadOf } from './workload.ts'

const CONFIG_DIR = '/etc/trellis'
/** The numeric user of the node image. */
const NODE_USER = 65_532
/** A node closes its store within 4 s; the rest is for a slow disk. */
const GRACE_SECONDS = 15
const NODE_CONTAINER = 'node'
const DATA_VOLUME = 'data'
const ADMIN_VOLUME = 'admin'

type Spec = NonNullable<StatefulSet['spec']>
type PodSpec = NonNullable<Spec['template']['spec']>

/** All of its pods are of the newest revision; a rollout raises the partition. */
export function statefulSet(input: BuildInput, group: Group): StatefulSet {
  const { spec, expanded, namespace, owner, settings } = input
  const labels = groupLabels(expanded.name, group.name, group.role)
  const workload = workloadOf(spec, group.spec, settings)
  const annotations = {
    [REVISION_ANNOTATION]: groupRevision(spec, group.spec),
    ...(settings.nodes.scrapeAnnotations && scrapeAnnotations(ports.http)),
  }
  const template = {
    metadata: { labels, annotations },
    spec: podSpec(input, group, workload),
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      name: groupObject(expanded.name, group.name),
      namespace,
      labels,
      annotations: { [TEMPLATE_ANNOTATION]: digest(template) },
      ownerReferences: [owner],
    },
    spec: {
      replicas: spec.suspend ? 0 : group.nodes.length,
      serviceName: headlessService(expanded.name),
      podManagementPolicy: 'Parallel',
      revisionHistoryLimit: 3,
      selector: { matchLabels: groupSelector(expanded.name, group.name) },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...claims(workload, spec.suspend),
      template,
    },
  }
}

function claims(
  { storage }: Workload,
  suspend: boolean,
): Pick<Spec, 'persistentVolumeClaimRetentionPolicy' | 'volumeClaimTemplates'> {
  if (!storage) return {}
  const { size, className, whenScaled } = storage
  return {
    // Suspending scales to zero and must keep the data; a group that shrinks may not need it.
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: suspend ? 'Retain' : whenScaled },
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: DATA_VOLUME },
        spec: {
          accessModes: ['ReadWriteOnce'],
          ...(className !== undefined && { storageClassName: className }),
          resources: { requests: { storage: size } },
        },
      },
    ],
  }
}

function podSpec({ spec, expanded, settings }: BuildInput, group: Group, workload: Workload): PodSpec {
  const { nodes } = settings
  const name = groupObject(expanded.name, group.name)
  const agent = netAgent(spec, settings, ADMIN_VOLUME)
  return {
    // A node that is the first process of its namespace could neither be stopped nor killed from inside.
    shareProcessNamespace: true,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    ...(nodes.imagePullSecrets.length > 0 && {
      imagePullSecrets: nodes.imagePullSecrets.map(secret => ({ name: secret })),
    }),
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
    ...(agent && { initContainers: [agent.container] }),
    containers: [container(workload, nodes.imagePullPolicy)],
    volumes: [
      { name: 'testnet', configMap: { name: testnetObject(expanded.name) } },
      { name: 'group', configMap: { name } },
      { name: 'keys', secret: { secretName: name } },
      { name: ADMIN_VOLUME, secret: { secretName: testnetObject(expanded.name) } },
      ...(workload.storage ? [] : [{ name: DATA_VOLUME, emptyDir: {} }]),
      ...(agent ? [agent.volume] : []),
    ],
  }
}

function container({ image, resources }: Workload, imagePullPolicy: string): PodSpec['containers'][number] {
  // A directory is kept up to date while the pod runs, a single file is not: the roster is read again.
  const shared = `${CONFIG_DIR}/testnet`
  // Every pod sees only its own files of what the group shares.
  const files = [
    { volume: 'group', file: GROUP_FILE, from: GROUP_FILE },
    { volume: 'group', file: 'node.json', from: '$(POD_NAME).json' },
    { volume: 'keys', file: 'keys.json', from: '$(POD_NAME).json' },
    { volume: ADMIN_VOLUME, file: ADMIN_FILE, from: ADMIN_FILE },
  ]
  const layers = [`${shared}/${TESTNET_FILE}`, ...files.map(({ file }) => `${CONFIG_DIR}/${file}`)]
  const probe = (path: string) => ({ httpGet: { path, port: 'http' } })
  return {
    name: NODE_CONTAINER,
    image,
    imagePullPolicy,
    args: layers.flatMap(path => ['--config', path]),
    env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }],
    ports: Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' })),
    volumeMounts: [
      { name: 'testnet', mountPath: shared, readOnly: true },
      ...files.map(({ volume, file, from }) => ({
        name: volume,
        mountPath: `${CONFIG_DIR}/${file}`,
        readOnly: true,
        subPathExpr: from,
      })),
      { name: DATA_VOLUME, mountPath: DATA_DIR },
    ],
    resources: { requests: { ...resources.requests }, limits: { ...resources.limits } },
    // The last line of a crash ends up in the pod's status, where the condition takes it from.
    terminationMessagePolicy: 'FallbackToLogsOnError',
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
