// Which nodes a fault is aimed at.
import type { Select } from '../api/experiment.ts'
import { type Rng, sampled } from '../api/random.ts'

/** What a selection looks at; in the testnet's order. */
export interface SelectableNode {
  readonly name: string
  readonly group: string
  readonly role: string
  readonly region: string
}

/** Nodes that match every criterion given, then a seeded sample of them; in the testnet's order. May be empty. */
export function selectNodes<N extends SelectableNode>(nodes: readonly N[], select: Select, rng: Rng): N[] {
  const among = (list: readonly string[] | undefined, value: string): boolean => !list || list.includes(value)
  const matching = nodes.filter(
    ({ name, group, role, region }) =>
      among(select.names, name) &&
      among(select.groups, group) &&
      among(select.roles, role) &&
      among(select.regions, region),
  )
  const wanted =
    select.count ?? (select.share === undefined ? matching.length : Math.ceil(matching.length * select.share))
  return sampled(matching, wanted, rng)
}
