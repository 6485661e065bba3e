// What this run was given, read from the environment (given.ts).
import { planCluster } from './cluster-plan.ts'
import { type Given, machineVariables, notInstallableWith, notOurMachinesWith, variables } from './given.ts'

function fromEnvironment(): Partial<Given> {
  const [state, binaries, nodes] = machineVariables.map(name => process.env[name])
  const values = Object.entries(variables).flatMap(([field, name]) =>
    process.env[name] ? [[field, process.env[name]]] : [],
  )
  const machines = state && binaries && nodes ? planCluster(state, binaries, Number(nodes)) : undefined
  return { ...Object.fromEntries(values), machines }
}

const found = fromEnvironment()

export const notInstallable = notInstallableWith(process.env)
export const notOurMachines = notOurMachinesWith(process.env)
export const given = found as Given
