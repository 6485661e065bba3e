// Link rows held by the kernel, through the net agents. To an agent each row is an experiment of its own: rows of
// different faults come and go independently, and one that was ended is refused from then on.
import { createHash } from 'node:crypto'
import type { LinkRow } from '../../../api/link.ts'
import type { FaultStatus, LinkCounters } from '../../../api/observation.ts'
import type { Report } from '../../../chaos/agent/protocol.ts'
import type { Holder } from '../../../chaos/runner/target.ts'
import type { AgentClient } from './agent-client.ts'

export interface AgentLinksOptions {
  /** By node. @throws when the node has no agent */
  readonly clientOf: (node: string) => AgentClient
  /** Names the run: the uid of its experiment. */
  readonly run: string
  /** Ids of all rows that the run may put. */
  readonly ids: readonly string[]
}

export function agentLinks({ clientOf, run, ids }: AgentLinksOptions): Holder<LinkRow> {
  const nameOf = (id: string): string => agentExperiment(run, id)
  return {
    put: async (node, row, options) => {
      // One without an address has no traffic yet; it is put again when it has.
      const classes = row.classes
        .map(({ peers, ...same }) => ({ ...same, peers: peers.filter(({ host }) => host !== '') }))
        .filter(({ peers }) => peers.length > 0)
      await clientOf(node).put(nameOf(row.id), [{ ...row, classes }], options)
    },
    end: async (node, id, options) => faultStatus(id, await clientOf(node).end(nameOf(id), options)),
    inForce: async (node, options) => {
      const client = clientOf(node)
      const reports = await Promise.all(ids.map(async id => ({ id, report: await client.report(nameOf(id), options) })))
      return reports.flatMap(({ id, report }) => (report.rows.some(({ ended }) => !ended) ? [id] : []))
    },
  }
}

/** Ids may be longer than, and hold what, an agent's names may not. */
export const agentExperiment = (run: string, id: string): string =>
  `${run}.${createHash('sha256').update(id).digest('hex').slice(0, 16)}`

/** Counters as nodes give them; the kernel counts for all peers of a class together. */
export function faultStatus(id: string, { rows }: Pick<Report, 'rows'>): FaultStatus | undefined {
  const row = rows.find(entry => entry.id === id)
  if (!row) return undefined
  const links = row.parts.map(
    ({ direction, link, addresses, met, lost, shaped }): LinkCounters => ({
      peer: `${addresses} addresses`,
      direction,
      heldBytes: link.drop ? met.bytes : 0,
      delayedBytes: link.drop ? 0 : Math.max(met.bytes, shaped.bytes),
      leakedBytes: 0,
      ...(link.drop || !link.loss ? {} : { lostPackets: lost.packets }),
    }),
  )
  return { id, endsAt: row.endsAt, links }
}
