// What this run was given, read from the environment (given.ts).
import { planCluster } from './cluster-plan.ts'
import { type Given, machineVariables, variables } from './given.ts'

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
