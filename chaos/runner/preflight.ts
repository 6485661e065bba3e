// Before anything is disturbed: does every node answer on both ports, and is it the node we think it is?
import type { TestnetFacts } from '../../api/run.ts'
import { actsOnLinks, type CompiledFault, rowId } from '../matrix.ts'
import type { Lifecycle } from './lifecycle.ts'
import { type NodeClient, reasonOf } from './node-client.ts'

/** The experiment cannot be run here: usage or environment, not a verdict. */
export class PreflightFailed extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'PreflightFailed'
    this.problems = problems
  }
}

/** Also ends rows that an earlier run of the experiment may have left. Throws PreflightFailed with all that is wrong. */
export async function preflight(
  facts: TestnetFacts,
  clients: ReadonlyMap<string, NodeClient>,
  compiled: readonly CompiledFault[],
  experiment: string,
  lifecycle: Lifecycle | undefined,
  signal: AbortSignal,
): Promise<void> {
  const problems: string[] = []
  for (const { fault, targets } of compiled)
    if (targets.length === 0) problems.push(`fault ${fault.name}: hits no node of the testnet; mend its selection`)
  if (!lifecycle && compiled.some(fault => !actsOnLinks(fault)))
    problems.push(
      'kill, pause and restart need the driver of the nodes, and it offers none; run the experiment where the testnet was started',
    )
  await Promise.all(
    facts.nodes.map(async ({ name, peerId }) => {
      const client = clients.get(name)
      if (!client) return problems.push(`${name}: no address is known; start it or take it out of the testnet`)
      try {
        const status = await client.status({ signal })
        if (status.testnet !== facts.name || status.name !== name || status.peerId !== peerId) {
          problems.push(
            `${name}: ${client.endpoint.statusUrl} is ${status.name} of ${status.testnet} (${status.peerId}), another node; stop what runs there`,
          )
        }
      } catch (error) {
        problems.push(`${name}: ${client.endpoint.statusUrl} does not answer: ${reasonOf(error)}; see its log`)
        return
      }
      try {
        const ours = new Set(compiled.map(({ fault }) => rowId(experiment, fault.name)))
        for (const { id } of await client.faults({ signal })) if (ours.has(id)) await client.deleteRow(id, { signal })
      } catch (error) {
        problems.push(`${name}: administration port ${client.endpoint.adminUrl}: ${reasonOf(error)}`)
      }
    }),
  )
  if (problems.length > 0) throw new PreflightFailed(problems.sort())
}
