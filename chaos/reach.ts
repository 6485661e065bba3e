// Who can still hear of whom, over any number of hops, while links are cut.
import { type CompiledFault, linkUnder } from './matrix.ts'

/** For each node the nodes whose messages can get to it, itself included. */
export type Hearing = ReadonlyMap<string, ReadonlySet<string>>

/** True when traffic from one node to the other is dropped by any of the faults. */
export const cutUnder = (faults: readonly CompiledFault[], from: string, to: string): boolean =>
  faults.some(fault => linkUnder(fault, from, to).drop)

/**
 * Nodes that are cut from the same others, both ways, hear each other and are heard alike: of thousands of nodes in two
 * halves only two are looked at.
 */
export function hearing(faults: readonly CompiledFault[], names: readonly string[]): Hearing {
  const cuts = faults.filter(({ grudge }) => grudge.size > 0)
  const alike = new Map<string, string[]>()
  for (const name of names) {
    const deaf = names.flatMap((other, index) => (cutUnder(cuts, other, name) ? [index] : []))
    const mute = names.flatMap((other, index) => (cutUnder(cuts, name, other) ? [index] : []))
    const key = `${deaf.join()} ${mute.join()}`
    const members = alike.get(key)
    if (members) members.push(name)
    else alike.set(key, [name])
  }
  const groups = [...alike.values()]
  const result = new Map<string, ReadonlySet<string>>()
  for (const group of groups) {
    const heard = heardBy(group, groups, cuts)
    for (const name of group) result.set(name, heard)
  }
  // In the order given: sides are told in it.
  return new Map(names.map(name => [name, result.get(name)!]))
}

function heardBy(
  group: readonly string[],
  groups: readonly (readonly string[])[],
  cuts: readonly CompiledFault[],
): Set<string> {
  const heard = new Set(group)
  const waiting = [group]
  let others = groups.filter(other => other !== group)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const unheard: (readonly string[])[] = []
    for (const other of others) {
      if (cutUnder(cuts, other[0]!, next[0]!)) {
        unheard.push(other)
        continue
      }
      for (const name of other) heard.add(name)
      waiting.push(other)
    }
    others = unheard
  }
  return heard
}

/** Nodes that hear each other, in the order given: one side when nothing is cut. */
export function sidesOf(heard: Hearing): string[][] {
  const sides: string[][] = []
  for (const name of heard.keys()) {
    const side = sides.find(
      ([first]) => first !== undefined && heard.get(first)?.has(name) && heard.get(name)?.has(first),
    )
    if (side) side.push(name)
    else sides.push([name])
  }
  return sides
}
