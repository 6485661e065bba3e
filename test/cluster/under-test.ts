// What the cases are given by main.ts, through their environment: a cluster, and what is to be installed on it.
import { type ClusterPlan, planCluster } from './cluster-plan.ts'

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
  /** The cluster's nodes, when the harness made them: a case may kill, enter and boot those. */
  readonly machines: ClusterPlan | undefined
}

const variables = {
  kubeconfig: 'KUBECONFIG',
  kubectl: 'TRELLIS_KUBECTL',
  helm: 'TRELLIS_HELM',
  nodeImage: 'TRELLIS_NODE_IMAGE',
  nextNodeImage: 'TRELLIS_NEXT_NODE_IMAGE',
  operatorImage: 'TRELLIS_OPERATOR_IMAGE',
} as const
const machineVariables = ['TRELLIS_CLUSTER_STATE', 'TRELLIS_CLUSTER_BINARIES', 'TRELLIS_CLUSTER_NODES'] as const

/** The environment of the cases; main.ts runs them with it. */
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

function fromEnvironment(): Partial<Given> {
  const [state, binaries, nodes] = machineVariables.map(name => process.env[name])
  const values = Object.entries(variables).flatMap(([field, name]) =>
    process.env[name] ? [[field, process.env[name]]] : [],
  )
  const machines = state && binaries && nodes ? planCluster(state, binaries, Number(nodes)) : undefined
  return { ...Object.fromEntries(values), machines }
}

const found = fromEnvironment()

/** Why nothing can be installed on this cluster; undefined when it can. */
export const notInstallable: string | undefined = (() => {
  const missing = Object.entries(variables).flatMap(([field, name]) => (field in found ? [] : [name]))
  return missing.length === 0 ? undefined : `not set: ${missing.join(', ')}`
})()
/** Why the cluster's machines cannot be touched; undefined when they can. */
export const notOurMachines: string | undefined =
  notInstallable ?? (found.machines ? undefined : 'the cluster is not one that the harness made')

export const given = found as Given
