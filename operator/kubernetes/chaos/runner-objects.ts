// The objects of a run, in the order in which they are made: the rights before the runner. Pure.
import type { ExperimentStatus } from '../../../api/status.ts'
import { scrapeAnnotations, testnetObject } from '../build/names.ts'
import type { Wanted } from '../build/testnet-objects.ts'
import type { OperatorConfig } from '../config.ts'
import { controlledBy } from '../runtime/owner.ts'
import {
  type Job,
  type KubeObject,
  type Resource,
  type RoleBinding,
  resources,
  type ServiceAccount,
} from '../runtime/resource.ts'
import { BACKOFF_LIMIT, GRACE_SECONDS } from './deadlines.ts'
import {
  RUNNER_METRICS_PORT,
  runnerEnvironment,
  runnerLabels,
  runnerObject,
  TARGET_LABEL,
  TESTNET_SECRET_DIR,
} from './names.ts'
import { experiments, type ValidExperiment } from './stored-experiment.ts'

/** The numeric user of the operator's image. */
const RUNNER_USER = 65_532
/** A lost machine is not waited for longer than that: the lease of its faults is as long. */
const LOST_AFTER_SECONDS = 10
const UNREACHABLE = ['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready']

export type RunnerConfig = NonNullable<OperatorConfig['runner']>

export interface RunnerInput {
  readonly experiment: ValidExperiment
  readonly plan: NonNullable<ExperimentStatus['plan']>
  readonly runner: RunnerConfig
  /** Milliseconds since the epoch: the Job's deadline counts from its start. */
  readonly now: number
}

export function runnerObjects(input: RunnerInput): Wanted[] {
  return [
    want(resources.serviceAccounts, serviceAccount(input)),
    want(resources.roleBindings, roleBinding(input)),
    want(resources.jobs, job(input)),
  ]
}

function metadata({ experiment }: RunnerInput) {
  const { name, namespace = '' } = experiment.metadata
  const { apiVersion, kind } = experiments
  return {
    name: runnerObject(name),
    namespace,
    labels: { ...runnerLabels(name), [TARGET_LABEL]: experiment.spec.testnet },
    ownerReferences: [controlledBy({ ...experiment, apiVersion, kind })],
  }
}

const serviceAccount = (input: RunnerInput): ServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: metadata(input),
  // The Job asks for its token; nobody else gets one.
  automountServiceAccountToken: false,
})

function roleBinding(input: RunnerInput): RoleBinding {
  const { name, namespace } = metadata(input)
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: metadata(input),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...input.runner.role },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  }
}

function job(input: RunnerInput): Job {
  const { plan, now } = input
  const leftSeconds = Math.max(1, Math.ceil((Date.parse(plan.endsBy) - now) / 1_000))
  const { labels, ...own } = metadata(input)
  const annotations = input.runner.scrapeAnnotations && { annotations: scrapeAnnotations(RUNNER_METRICS_PORT) }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...own, labels },
    spec: {
      backoffLimit: BACKOFF_LIMIT,
      activeDeadlineSeconds: leftSeconds,
      completions: 1,
      parallelism: 1,
      template: { metadata: { labels, ...annotations }, spec: podSpec(input) },
    },
  }
}

function podSpec({ experiment, runner }: RunnerInput): NonNullable<NonNullable<Job['spec']>['template']['spec']> {
  const { name, namespace = '', uid = '' } = experiment.metadata
  return {
    // A new pod each time: one whose machine is lost is replaced as well.
    restartPolicy: 'Never',
    serviceAccountName: runnerObject(name),
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    ...(runner.imagePullSecrets.length > 0 && {
      imagePullSecrets: runner.imagePullSecrets.map(secret => ({ name: secret })),
    }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: RUNNER_USER,
      runAsGroup: RUNNER_USER,
      fsGroup: RUNNER_USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    tolerations: UNREACHABLE.map(key => ({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: LOST_AFTER_SECONDS,
    })),
    containers: [
      {
        name: 'runner',
        image: runner.image,
        imagePullPolicy: runner.imagePullPolicy,
        // The image starts the operator; this is another program of it.
        command: ['/usr/local/bin/node', '/app/runner.js'],
        args: ['--namespace', namespace, '--experiment', name, '--metrics-port', String(RUNNER_METRICS_PORT)],
        ports: [{ name: 'metrics', containerPort: RUNNER_METRICS_PORT, protocol: 'TCP' }],
        env: [
          { name: runnerEnvironment.uid, value: uid },
          {
            name: runnerEnvironment.pod,
            valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } },
          },
        ],
        volumeMounts: [{ name: 'testnet', mountPath: TESTNET_SECRET_DIR, readOnly: true }],
        resources: { requests: { ...runner.resources.requests }, limits: { ...runner.resources.limits } },
        // Why it died ends up in the pod's status, where the experiment's takes it from.
        terminationMessagePolicy: 'FallbackToLogsOnError',
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
    volumes: [{ name: 'testnet', secret: { secretName: testnetObject(experiment.spec.testnet), defaultMode: 0o440 } }],
  }
}

const want = <T extends KubeObject>({ type: _, ...resource }: Resource<T>, object: T): Wanted => ({
  resource,
  object: { ...object, apiVersion: resource.apiVersion, kind: resource.kind },
})
