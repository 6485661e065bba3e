// What the pods of a group get: image, processor time, memory and storage. They mean something on Kubernetes only: a node
// on this machine is a process of the program at hand and uses what there is.
import { z } from 'zod'
import { canonicalCpu, canonicalMemory, cpu, memory, memoryBytes, milliCores } from './quantity.ts'

const onlyThere = 'On Kubernetes only.'

/** `[host[:port]/]path[:tag][@digest]`, as the distribution specification has it (github.com/distribution/reference). */
const imagePattern =
  /^([a-zA-Z0-9][-a-zA-Z0-9.]*(:\d+)?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(@sha256:[0-9a-f]{64})?$/
export const image = z
  .string()
  .min(1)
  .max(512)
  .regex(imagePattern, 'expected the name of an image')
  .meta({
    title: 'the name of an image',
    examples: ['registry.example.com/trellis-node:0.1.0'],
    description: `The operator's own when absent. ${onlyThere}`,
  })

const amounts = (description: string) =>
  z
    .strictObject({
      cpu: cpu({ min: '1m', max: '1024' }).optional(),
      memory: memory({ min: '1Mi', max: '16Ti' }).optional(),
    })
    .meta({ description })

const resources = z
  .strictObject({
    requests: amounts('What a machine must have free for a node.').optional(),
    limits: amounts('What a node may use at most.').optional(),
  })
  .meta({ description: `The operator's own where absent. ${onlyThere}` })

const storage = z
  .strictObject({
    size: memory({ min: '16Mi', max: '64Ti' })
      .meta({ title: 'an amount of storage', description: '`1Gi` when absent.' })
      .optional(),
    /** The cluster's own when absent. */
    className: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'expected the name of a StorageClass')
      .meta({
        title: 'the name of a StorageClass',
        examples: ['standard'],
        description: "The cluster's default when absent.",
      })
      .optional(),
    whenScaled: z
      .enum(['Retain', 'Delete'])
      .meta({
        description: 'Of nodes that a smaller count gives up: what happens to their data. `Delete` when absent.',
      })
      .optional(),
  })
  .meta({ description: `A volume for each node; without it data goes with the pod. ${onlyThere}` })

/** What `defaults` and groups may say. A group is one StatefulSet, so overrides of single nodes cannot. */
export const podSettings = { resources: resources.optional(), storage: storage.optional() }

export interface PodSettingsLayer {
  readonly resources?: z.infer<typeof resources> | undefined
  readonly storage?: z.infer<typeof storage> | undefined
}

/** As an API server writes the amounts. */
export interface Resources {
  readonly requests: { readonly cpu?: string; readonly memory?: string }
  readonly limits: { readonly cpu?: string; readonly memory?: string }
}

export interface Storage {
  readonly size: string
  /** The cluster's default when undefined. */
  readonly className: string | undefined
  readonly whenScaled: 'Retain' | 'Delete'
}

/** `Delete`: a node that comes back fetches the chain again, and a volume that nobody uses still costs. */
const builtInStorage: Storage = { size: '1Gi', className: undefined, whenScaled: 'Delete' }

/** What the layers say together of processor time and memory; later ones win field by field. */
export function mergeResources(...layers: readonly PodSettingsLayer[]): Resources {
  const last = (of: 'requests' | 'limits', field: 'cpu' | 'memory') =>
    layers.findLast(({ resources }) => resources?.[of]?.[field] !== undefined)?.resources?.[of]?.[field]
  const amountsOf = (of: 'requests' | 'limits') => {
    const [cpu, memory] = [last(of, 'cpu'), last(of, 'memory')]
    return {
      ...(cpu !== undefined && { cpu: canonicalCpu(cpu) }),
      ...(memory !== undefined && { memory: canonicalMemory(memory) }),
    }
  }
  return { requests: amountsOf('requests'), limits: amountsOf('limits') }
}

/** The volume that the layers ask for together; undefined when none of them does. */
export function mergeStorage(...layers: readonly PodSettingsLayer[]): Storage | undefined {
  const asked = layers.flatMap(({ storage }) => storage ?? [])
  if (asked.length === 0) return undefined
  const size = asked.findLast(each => each.size !== undefined)?.size
  return {
    size: size === undefined ? builtInStorage.size : canonicalMemory(size),
    className: asked.findLast(each => each.className !== undefined)?.className,
    whenScaled: asked.findLast(each => each.whenScaled !== undefined)?.whenScaled ?? builtInStorage.whenScaled,
  }
}

/**
 * `asked` over `usual`. Where only one of request and limit was asked for, the usual other one gives way: it never makes
 * a request exceed its limit, which an API server refuses.
 */
export function completeResources(asked: Resources, usual: Resources): Resources {
  const cpu = completed(asked, usual, 'cpu', milliCores)
  const memory = completed(asked, usual, 'memory', memoryBytes)
  return { requests: { ...cpu.request, ...memory.request }, limits: { ...cpu.limit, ...memory.limit } }
}

function completed(asked: Resources, usual: Resources, field: 'cpu' | 'memory', size: (amount: string) => number) {
  let request = asked.requests[field] ?? usual.requests[field]
  let limit = asked.limits[field] ?? usual.limits[field]
  if (request !== undefined && limit !== undefined && size(request) > size(limit)) {
    if (asked.limits[field] === undefined) limit = request
    else request = limit
  }
  return {
    request: request === undefined ? {} : { [field]: request },
    limit: limit === undefined ? {} : { [field]: limit },
  }
}
