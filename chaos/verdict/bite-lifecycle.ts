// Kill, pause and restart bit when the samples show it: silence while down or paused, another process afterwards.
import type { Observations, RunRound, Window } from './observations.ts'
import { plural } from './wording.ts'

export interface Bite {
  /** null when it cannot be told. */
  readonly bit: boolean | null
  readonly why: string
  readonly lines: readonly string[]
  readonly figures: Readonly<Record<string, number>>
}

export function lifecycleBite({ rounds, before }: Observations, { compiled, from, to, gone }: Window): Bite {
  const { kind } = compiled.fault.action
  const processOf = (list: readonly RunRound[], node: string) =>
    list.findLast(({ digests }) => digests.has(node))?.digests.get(node)
  const inside = rounds.filter(({ at }) => at > from && at < to)
  const later = rounds.filter(({ at }) => at >= gone)
  const lines: string[] = []
  let bit: boolean | null = true
  for (const node of compiled.targets) {
    const silent = inside.filter(round => round.silent.includes(node)).length
    const first = processOf(before, node)
    const last = processOf(later, node)
    const replaced = first && last ? first.pid !== last.pid || first.startedAt !== last.startedAt : null
    const wasSilent = inside.length === 0 ? null : silent > 0
    const [seen, line] = {
      restart: [replaced, replaced ? 'another process runs' : 'the same process runs'] as const,
      kill: [
        both(replaced, wasSilent),
        `silent in ${silent} of ${plural(inside.length, 'round')}, ${replaced ? 'another process runs' : 'no new process was seen'}`,
      ] as const,
      pause: [wasSilent, `silent in ${silent} of ${plural(inside.length, 'round')}`] as const,
    }[kind as 'kill' | 'pause' | 'restart']
    lines.push(`${node}: ${line}`)
    bit = both(bit, seen)
  }
  const why =
    bit === null
      ? 'the samples do not tell'
      : bit
        ? `${kind} seen at ${plural(compiled.targets.length, 'node')}`
        : `${kind} was not seen at every target`
  return { bit, why, lines, figures: {} }
}

/** false beats unknown beats true. */
const both = (a: boolean | null, b: boolean | null): boolean | null =>
  a === false || b === false ? false : a === null || b === null ? null : true
