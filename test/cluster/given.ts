// What a run gives its cases through their environment: a cluster, and what is to be installed on it.
import type { ClusterPlan } from './cluster-plan.ts'

export interface Given {
  /** File of a kubeconfig for an administrator. */
  readonly kubeconfig: string
  /** Programs. */
  readonly kubectl: string
  readonly helm: string
  readonly nodeImage: string
  /** A second name of a node image: what a rollout changes to. */
  readonly nextNodeImage: string
  readonly operatorImage: string
  readonly agentImage: string
  /** The cluster's nodes, when the harness made them: a case may kill, enter and boot those. */
  readonly machines: ClusterPlan | undefined
}

export const variables = {
  kubeconfig: 'KUBECONFIG',
  kubectl: 'TRELLIS_KUBECTL',
  helm: 'TRELLIS_HELM',
  nodeImage: 'TRELLIS_NODE_IMAGE',
  nextNodeImage: 'TRELLIS_NEXT_NODE_IMAGE',
  operatorImage: 'TRELLIS_OPERATOR_IMAGE',
  agentImage: 'TRELLIS_AGENT_IMAGE',
} as const
export const machineVariables = ['TRELLIS_CLUSTER_STATE', 'TRELLIS_CLUSTER_BINARIES', 'TRELLIS_CLUSTER_NODES'] as const

/** The environment of the cases. */
export function asEnvironment({ machines, ...values }: Partial<Given>): Record<string, string> {
  const named = Object.entries(values).flatMap(([field, value]) =>
    value === undefined ? [] : [[variables[field as keyof typeof variables], value]],
  )
  if (!machines) return Object.fromEntries(named)
  const [state, binaries, nodes] = machineVariables
  return {
    ...Object.fromEntries(named),
    [state]: machines.state,
    [binaries]: machines.binaries,
    [nodes]: String(machines.nodes.length),
  }
}

/** Why nothing can be installed on the cluster; undefined when it can. */
export function notInstallableWith(env: NodeJS.ProcessEnv): string | undefined {
  const missing = Object.values(variables).filter(name => !env[name])
  return missing.length === 0 ? undefined : `not set: ${missing.join(', ')}`
}

/** Why the cluster's machines cannot be touched; undefined when they can. */
export const notOurMachinesWith = (env: NodeJS.ProcessEnv): string | undefined =>
  notInstallableWith(env) ??
  (machineVariables.every(name => env[name]) ? undefined : 'the cluster is not one that the harness made')
