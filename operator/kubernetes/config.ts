// The operator's own configuration: written by the chart, read once at start. What a Testnet may say itself is not here.
import { z } from 'zod'

const name = z.string().min(1).max(253)
const labels = z.record(z.string().max(317), z.string().max(63))
const podChoice = z.strictObject({ namespace: labels.default({}), pod: labels })
/** As Kubernetes writes amounts: `250m`, `192Mi`, `1`. */
const quantity = z
  .string()
  .max(32)
  .regex(/^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/, 'expected a quantity as in `250m` or `192Mi`')

export const operatorConfigSchema = z.strictObject({
  /** Namespaces whose Testnets are served; all when empty. */
  namespaces: z.array(name).max(64).default([]),
  /** Where the operator itself runs: its lease is there. */
  namespace: name,
  /** Name of the lease; the chart's full name. */
  lease: name.default('trellis-operator'),
  listen: z
    .strictObject({
      host: z.string().default('0.0.0.0'),
      /** /healthz, /readyz, /metrics */
      health: z.int().min(0).max(65_535).default(8081),
      /** The read API. */
      api: z.int().min(0).max(65_535).default(8082),
    })
    .prefault({}),
  /** What nodes get when their Testnet says nothing. */
  nodes: z.strictObject({
    image: z.string().min(1).max(512),
    imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
    imagePullSecrets: z.array(name).max(16).default([]),
    resources: z
      .strictObject({
        requests: z.strictObject({ cpu: quantity.default('50m'), memory: quantity.default('192Mi') }).prefault({}),
        limits: z.strictObject({ memory: quantity.default('512Mi') }).prefault({}),
      })
      .prefault({}),
  }),
  /** What runs ChaosExperiments. Without it they stay as they are. */
  runner: z
    .strictObject({
      /** The operator's own. */
      image: z.string().min(1).max(512),
      imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
      imagePullSecrets: z.array(name).max(16).default([]),
      /** Has the rights of a runner; the operator may bind it. A Role is in every namespace that is served. */
      role: z.strictObject({ kind: z.enum(['ClusterRole', 'Role']), name }),
      resources: z
        .strictObject({
          requests: z.strictObject({ cpu: quantity.default('100m'), memory: quantity.default('192Mi') }).prefault({}),
          limits: z.strictObject({ memory: quantity.default('1Gi') }).prefault({}),
        })
        .prefault({}),
    })
    .optional(),
  /** Stands beside nodes whose testnet allows faults by the kernel. Without it none does. */
  agent: z
    .strictObject({
      image: z.string().min(1).max(512),
      imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
      resources: z
        .strictObject({
          requests: z.strictObject({ cpu: quantity.default('10m'), memory: quantity.default('64Mi') }).prefault({}),
          limits: z.strictObject({ memory: quantity.default('256Mi') }).prefault({}),
        })
        .prefault({}),
    })
    .optional(),
  /** Pods that nodes let in: the operator's own, and those that scrape. */
  operator: podChoice,
  scraper: podChoice.optional(),
  /** Testnets worked on at a time. */
  concurrency: z.int().min(1).max(64).default(4),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
})
export type OperatorConfig = z.infer<typeof operatorConfigSchema>
