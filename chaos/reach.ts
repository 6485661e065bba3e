// Who can still hear of whom, over any number of hops, while links are cut.
import { type CompiledFault, linkUnder } from './matrix.ts'

/** For each node the nodes whose messages can get to it, itself included. */
export type Hearing = ReadonlyMap<string, ReadonlySet<string>>

/** True when traffic from one node to the other is dropped by any of the faults. */
export const cutUnder = (faults: readonly CompiledFault[], from: string, to: string): boolean =>
  faults.some(fault => linkUnder(fault, from, to).drop)

export function hearing(faults: readonly CompiledFault[], names: readonly string[]): Hearing {
  const result = new Map<string, Set<string>>()
  for (const name of names) {
    const heard = new Set([name])
    const waiting = [name]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const other of names) {
        if (heard.has(other) || cutUnder(faults, other, next)) continue
        heard.add(other)
        waiting.push(other)
      }
    }
    result.set(name, heard)
  }
  return result
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
