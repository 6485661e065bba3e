// The chart's values as a schema: what `values.schema.json` is made from. What becomes the operator's configuration has
// the configuration's own bounds.
import { z } from 'zod'
import { operatorConfigSchema } from '../../operator/kubernetes/config.ts'

const config = operatorConfigSchema.shape
const nodes = config.nodes.shape
const runner = config.runner.unwrap().shape
const agent = config.agent.unwrap().shape

/** Empty, or a DNS label short enough for what the chart adds. */
const nameBeginning = z
  .string()
  .max(40)
  .regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/)
const namespaceName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
const objectName = z
  .string()
  .max(253)
  .regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/)
const texts = z.record(z.string(), z.string())
const value = z.string().max(63)
const set = ['name', 'instance', 'version', 'managed-by', 'part-of'].map(label => `app.kubernetes.io/${label}`)
/** Those that the chart sets itself cannot be given: what selects pods would find others, or none. */
const labels = z
  .object(Object.fromEntries([...set, 'helm.sh/chart'].map(label => [label, z.never().optional()])))
  .catchall(value)
/** Of something else that is chosen by them. */
const selected = z.record(z.string().max(317), value)
/** Something of Kubernetes' own, which its API server judges. */
const kubernetes = z.record(z.string(), z.unknown())
const quantities = z.record(z.string(), z.union([z.string(), z.number()]))
const pullSecrets = z.array(z.strictObject({ name: objectName.min(1) })).max(16)

const image = z.strictObject({
  repository: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[a-z0-9]+([._:/-]+[a-z0-9]+)*$/),
  tag: z.string().regex(/^([A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$/),
  digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
  pullPolicy: nodes.imagePullPolicy.unwrap(),
})

export const chartValuesSchema = z.strictObject({
  nameOverride: nameBeginning,
  fullnameOverride: nameBeginning,
  global: kubernetes,
  image,
  imagePullSecrets: pullSecrets,
  replicas: z.int().min(0).max(16),
  watch: z.strictObject({ namespaces: z.array(namespaceName).max(64).meta({ uniqueItems: true }) }),
  concurrency: config.concurrency.unwrap(),
  logLevel: config.logLevel.unwrap(),
  nodes: z.strictObject({
    image,
    imagePullSecrets: pullSecrets,
    resources: nodes.resources,
    scraper: z.union([z.strictObject({}), config.scraper.unwrap()]),
  }),
  runner: z.strictObject({ resources: runner.resources }),
  agent: z.strictObject({ image, resources: agent.resources }),
  crds: z.strictObject({ enabled: z.boolean(), keep: z.boolean() }),
  rbac: z.strictObject({ create: z.boolean(), userRoles: z.boolean() }),
  serviceAccount: z.strictObject({ create: z.boolean(), name: objectName, annotations: texts }),
  readApi: z.strictObject({
    subjects: z.array(
      z.strictObject({
        kind: z.enum(['User', 'Group', 'ServiceAccount']),
        name: z.string().min(1),
        namespace: namespaceName.optional(),
        apiGroup: z.string().optional(),
      }),
    ),
  }),
  service: z.strictObject({ annotations: texts }),
  networkPolicy: z.strictObject({ enabled: z.boolean() }),
  podMonitor: z.strictObject({
    enabled: z.boolean(),
    interval: z.string().regex(/^\d+(ms|s|m|h)$/),
    labels,
  }),
  scrapeAnnotations: z.boolean(),
  prometheusRule: z.strictObject({
    enabled: z.boolean(),
    labels,
    runbooks: z
      .string()
      .max(2_048)
      .regex(/^(https?:\/\/[^\s"'{}]+)?$/),
  }),
  dashboards: z.strictObject({
    enabled: z.boolean(),
    labels,
    annotations: texts,
    namespace: z.union([z.literal(''), namespaceName]),
  }),
  resources: z.strictObject({ requests: quantities.optional(), limits: quantities.optional() }),
  commonLabels: labels,
  deploymentAnnotations: texts,
  podLabels: labels,
  podAnnotations: texts,
  nodeSelector: selected,
  tolerations: z.array(kubernetes),
  affinity: kubernetes,
  topologySpreadConstraints: z.array(kubernetes),
  priorityClassName: objectName,
  test: z.strictObject({ timeoutSeconds: z.int().min(10).max(3_600) }),
})

/** The text of charts/trellis/values.schema.json. */
export function chartValuesJsonSchema(): string {
  const schema = z.toJSONSchema(chartValuesSchema, { target: 'draft-7', io: 'input', reused: 'inline' })
  return `${JSON.stringify({ ...schema, title: 'Values of the chart trellis' }, null, 2)}\n`
}
