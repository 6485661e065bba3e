// The operator's own configuration: written by the chart, read once at start. What a Testnet may say itself is not here.
import { z } from 'zod'
import { canonicalCpu, canonicalMemory, cpu, memory } from '../../api/quantity.ts'

const name = z.string().min(1).max(253)
const labels = z.record(z.string().max(317), z.string().max(63))
const podChoice = z.strictObject({ namespace: labels.default({}), pod: labels })
// As an API server stores them: what is stored otherwise than it was applied counts as changed by somebody.
const processorTime = cpu({ min: '1m', max: '1024' }).transform(canonicalCpu)
const bytes = memory({ min: '1Mi', max: '16Ti' }).transform(canonicalMemory)
/** What pods get, where nothing else is said. */
const resources = (usual: { readonly cpu: string; readonly memory: string; readonly memoryLimit: string }) =>
  z
    .strictObject({
      requests: z
        .strictObject({ cpu: processorTime.default(usual.cpu), memory: bytes.default(usual.memory) })
        .prefault({}),
      limits: z.strictObject({ memory: bytes.default(usual.memoryLimit) }).prefault({}),
    })
    .prefault({})

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
    resources: resources({ cpu: '50m', memory: '192Mi', memoryLimit: '512Mi' }),
    /** Their pods say by annotations where their metrics are. */
    scrapeAnnotations: z.boolean().optional(),
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
      resources: resources({ cpu: '100m', memory: '192Mi', memoryLimit: '1Gi' }),
      scrapeAnnotations: z.boolean().optional(),
    })
    .optional(),
  /** Stands beside nodes whose testnet allows faults by the kernel. Without it none does. */
  agent: z
    .strictObject({
      image: z.string().min(1).max(512),
      imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
      resources: resources({ cpu: '10m', memory: '64Mi', memoryLimit: '256Mi' }),
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
