// Kill, pause and restart bit when the samples show it: silence while down or paused, another process afterwards.
import type { LifecycleKind } from '../../api/experiment.ts'
import { staggerOf } from '../matrix.ts'
import type { Observations, RunRound, Window } from './observations.ts'
import { plural, span } from './wording.ts'

export interface Bite {
  /** null when it cannot be told. */
  readonly bit: boolean | null
  readonly why: string
  readonly lines: readonly string[]
  readonly figures: Readonly<Record<string, number>>
}

export function lifecycleBite({ rounds }: Observations, { compiled, record, from, to, gone }: Window): Bite {
  const kind = compiled.fault.action.kind as LifecycleKind
  const lines: string[] = []
  let bit: boolean | null = true
  for (const node of compiled.targets) {
    // Records of old tell no hits: all targets were hit and let go together.
    const hit = record.hits?.find(other => other.node === node) ?? { at: from, until: gone }
    const end = record.hits ? (hit.until ?? to) : to
    const inside = rounds.filter(({ at }) => at > Math.max(hit.at, record.hits ? 0 : from) && at < end)
    const silent = inside.filter(round => round.silent.includes(node)).length
    const first = processOf(
      rounds.filter(({ at }) => at <= hit.at),
      node,
    )
    const last = processOf(
      rounds.filter(({ at }) => at >= (hit.until ?? gone)),
      node,
    )
    const replaced = first && last ? first.pid !== last.pid || first.startedAt !== last.startedAt : null
    const wasSilent = inside.length === 0 ? null : silent > 0
    const silence = `silent in ${silent} of ${plural(inside.length, 'round')}`
    const [seen, line] = {
      restart: [replaced, replaced ? 'another process runs' : 'the same process runs'] as const,
      kill: [
        both(replaced, wasSilent ?? replaced),
        `${silence}, ${replaced ? 'another process runs' : 'no new process was seen'}`,
      ] as const,
      pause: [wasSilent, silence] as const,
    }[kind]
    lines.push(`${node}: ${line}`)
    bit = both(bit, seen)
  }
  const stagger = staggerOf(compiled)
  const turns = stagger > 0 ? `, one after the other, ${span(stagger)} apart` : ''
  const why =
    bit === null
      ? 'the samples do not tell'
      : bit
        ? `${kind} seen at ${plural(compiled.targets.length, 'node')}${turns}`
        : `${kind} was not seen at every target`
  return { bit, why, lines, figures: { [`${kind}s`]: compiled.targets.length } }
}

const processOf = (list: readonly RunRound[], node: string) =>
  list.findLast(({ digests }) => digests.has(node))?.digests.get(node)

/** false beats unknown beats true. */
export const both = (a: boolean | null, b: boolean | null): boolean | null =>
  a === false || b === false ? false : a === null || b === null ? null : true
