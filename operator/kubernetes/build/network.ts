// Services, and who may reach the pods.
import { RUNNER_APP } from '../chaos/names.ts'
import type { NetworkPolicy, PodDisruptionBudget, Service } from '../runtime/resource.ts'
import type { BuildInput, PodChoice } from './input.ts'
import {
  AGENT_PORT,
  bootstrapService,
  commonLabels,
  headlessService,
  ports,
  ROLE_LABEL,
  testnetObject,
  testnetSelector,
} from './names.ts'
import { wantsAgent } from './net-agent.ts'

const port = (name: keyof typeof ports) => ({ name, port: ports[name], protocol: 'TCP', targetPort: name })

/** Gives every pod its name in DNS, from the moment it has an address: nodes look for each other while they start. */
export function nodesService({ expanded, namespace, owner }: BuildInput): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: headlessService(expanded.name),
      namespace,
      labels: commonLabels(expanded.name),
      ownerReferences: [owner],
    },
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: testnetSelector(expanded.name),
      ports: [port('p2p'), port('websocket'), port('http')],
    },
  }
}

/** One address of whichever bootstrap node is ready, for what is not of the testnet. */
export function bootstrapEntry({ expanded, namespace, owner }: BuildInput): Service | undefined {
  if (!expanded.nodes.some(({ role }) => role === 'bootstrap')) return undefined
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: bootstrapService(expanded.name),
      namespace,
      labels: commonLabels(expanded.name),
      ownerReferences: [owner],
    },
    spec: {
      type: 'ClusterIP',
      selector: { ...testnetSelector(expanded.name), [ROLE_LABEL]: 'bootstrap' },
      ports: [port('p2p'), port('websocket'), port('http')],
    },
  }
}

/** A drained machine takes one node after the other. */
export function disruptionBudget({ expanded, namespace, owner }: BuildInput): PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: {
      name: testnetObject(expanded.name),
      namespace,
      labels: commonLabels(expanded.name),
      ownerReferences: [owner],
    },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: testnetSelector(expanded.name) },
      // A node that is not ready serves nobody: it must not keep a machine from being drained.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  }
}

/** Peers reach peers; the operator, runners of experiments and the scraper reach what is for them; nobody else reaches anything. */
export function networkPolicy({ spec, expanded, namespace, owner, settings }: BuildInput): NetworkPolicy {
  const only = ({ namespace: namespaceLabels, pod }: PodChoice) => [
    { namespaceSelector: { matchLabels: { ...namespaceLabels } }, podSelector: { matchLabels: { ...pod } } },
  ]
  const open = (...names: (keyof typeof ports)[]) => names.map(name => ({ protocol: 'TCP', port: ports[name] }))
  const selector = { matchLabels: testnetSelector(expanded.name) }
  const agent = { protocol: 'TCP', port: AGENT_PORT }
  const runners = { podSelector: { matchLabels: { 'app.kubernetes.io/name': RUNNER_APP } } }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: testnetObject(expanded.name),
      namespace,
      labels: commonLabels(expanded.name),
      ownerReferences: [owner],
    },
    spec: {
      podSelector: selector,
      policyTypes: ['Ingress'],
      ingress: [
        { from: [{ podSelector: selector }], ports: open('p2p', 'websocket') },
        { from: only(settings.operator), ports: open('http', 'admin') },
        { from: [runners], ports: [...open('http', 'admin'), agent] },
        ...(settings.scraper
          ? [{ from: only(settings.scraper), ports: [...open('http'), ...(wantsAgent(spec) ? [agent] : [])] }]
          : []),
      ],
    },
  }
}
