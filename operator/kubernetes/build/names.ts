// Names, labels and addresses of a testnet's objects. All follow from the names of the testnet and its groups.
import type { Role } from '../../../api/testnet.ts'

export const TESTNET_LABEL = 'trellis.dev/testnet'
export const GROUP_LABEL = 'trellis.dev/group'
export const ROLE_LABEL = 'trellis.dev/role'

/** TCP ports of every node; each pod has its own address, so they need not differ. */
export const ports = { p2p: 4001, websocket: 4002, http: 8080, admin: 8081 } as const

/** Of the net agent beside a node, where there is one. */
export const AGENT_PORT = 7075

/** What Prometheus finds pods by where nothing else tells it: a convention of its example configurations and charts. */
export const scrapeAnnotations = (port: number): Record<string, string> => ({
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': String(port),
  'prometheus.io/path': '/metrics',
})

/** The StatefulSet of a group, and its ConfigMap and Secret. At most 51 characters: a pod's name stays a DNS label. */
export const groupObject = (testnet: string, group: string): string => `${testnet}-${group}`
/** A StatefulSet names its pods so. */
export const podName = (testnet: string, node: string): string => `${testnet}-${node}`
// Two dashes: a group's name begins with a letter or a digit, so none of this testnet's can be called that.
export const headlessService = (testnet: string): string => `${testnet}--nodes`
export const bootstrapService = (testnet: string): string => `${testnet}--bootstrap`
export const testnetObject = (testnet: string): string => `${testnet}--testnet`

/** Where others reach a node, before its pod has an address. Without the cluster's domain, which nobody can tell. */
export const nodeHost = (testnet: string, node: string, namespace: string): string =>
  `${podName(testnet, node)}.${headlessService(testnet)}.${namespace}.svc`

/** What selects all pods of a testnet; never changes, because a StatefulSet's selector cannot. */
export const testnetSelector = (testnet: string): Record<string, string> => ({ [TESTNET_LABEL]: testnet })
export const groupSelector = (testnet: string, group: string): Record<string, string> => ({
  [TESTNET_LABEL]: testnet,
  [GROUP_LABEL]: group,
})

/** On every object of a testnet. */
export const commonLabels = (testnet: string): Record<string, string> => ({
  'app.kubernetes.io/name': 'trellis-node',
  'app.kubernetes.io/instance': testnet,
  'app.kubernetes.io/managed-by': 'trellis-operator',
  'app.kubernetes.io/part-of': 'trellis',
  ...testnetSelector(testnet),
})

export const groupLabels = (testnet: string, group: string, role: Role): Record<string, string> => ({
  ...commonLabels(testnet),
  [GROUP_LABEL]: group,
  [ROLE_LABEL]: role,
})
