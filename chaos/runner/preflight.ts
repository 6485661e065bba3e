// Before anything is disturbed: does every node answer on both ports, and is it the node we think it is?
import { actsOnProcesses, rowId, whyOnlyKernel } from '../matrix.ts'
import { reasonOf } from './node-client.ts'
import type { Session } from './session.ts'

/** The experiment cannot be run here: usage or environment, not a verdict. */
export class PreflightFailed extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'PreflightFailed'
    this.problems = problems
  }
}

/** Also ends rows and skews that an earlier run of the experiment may have left. Throws PreflightFailed with all that is wrong. */
export async function preflight({ testnet, clients, compiled, experiment, target, signal }: Session): Promise<void> {
  const problems: string[] = []
  for (const { fault, targets } of compiled)
    if (targets.length === 0) problems.push(`fault ${fault.name}: hits no node of the testnet; mend its selection`)
  if (!target.lifecycle && compiled.some(actsOnProcesses))
    problems.push(
      'kill, pause and restart need the driver of the nodes, and it offers none; run the experiment where the testnet was started',
    )
  for (const { fault } of compiled)
    if (target.fidelity === 'userspace' && whyOnlyKernel(fault))
      problems.push(`fault ${fault.name}: ${whyOnlyKernel(fault)}`)
  const skews = compiled.some(({ fault }) => fault.action.kind === 'clock')
  if (!target.clocks && skews) problems.push('nobody can skew the clocks of these nodes; take the clock faults out')
  const ours = new Set(compiled.map(({ fault }) => rowId(experiment.name, fault.name)))
  const holders = [target.links, ...(target.clocks && skews ? [target.clocks] : [])]
  await Promise.all(
    testnet.nodes.map(async ({ name, peerId }) => {
      const client = clients.get(name)
      if (!client) return problems.push(`${name}: no address is known; start it or take it out of the testnet`)
      try {
        const status = await client.status({ signal })
        if (status.testnet !== testnet.name || status.name !== name || status.peerId !== peerId) {
          problems.push(
            `${name}: ${client.endpoint.statusUrl} is ${status.name} of ${status.testnet} (${status.peerId}), another node; stop what runs there`,
          )
        }
      } catch (error) {
        problems.push(`${name}: ${client.endpoint.statusUrl} does not answer: ${reasonOf(error)}; see its log`)
        return
      }
      try {
        for (const holder of holders) {
          for (const id of await holder.inForce(name, { signal }))
            if (ours.has(id)) await holder.end(name, id, { signal })
        }
      } catch (error) {
        problems.push(`${name}: administration port ${client.endpoint.adminUrl}: ${reasonOf(error)}`)
      }
    }),
  )
  if (problems.length > 0) throw new PreflightFailed(problems.sort())
}
