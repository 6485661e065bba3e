// What the command needs to be allowed in a cluster. Pure.
import { type CheckRow, missing, ok, without } from './row.ts'

export interface Right {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  /** Commands that need it. */
  readonly needed: string
  /** What the command does without it; it fails when there is nothing. */
  readonly instead?: string
}

const trellis = 'trellis.dev'
const right = (verbs: string, group: string, path: string, needed: string, instead?: string): Right[] =>
  verbs.split(' ').map(verb => {
    const [resource = '', subresource] = path.split('/')
    return {
      verb,
      group,
      resource,
      needed,
      ...(subresource !== undefined && { subresource }),
      ...(instead !== undefined && { instead }),
    }
  })

/** As docs/kubectl-trellis.md tells them. */
export const rights: readonly Right[] = [
  ...right('get list', trellis, 'testnets', '`status`'),
  ...right('patch create delete', trellis, 'testnets', '`up` and `down`'),
  ...right('get list', trellis, 'chaosexperiments', '`chaos list` and `chaos run`'),
  ...right('patch create', trellis, 'chaosexperiments', '`chaos run` and `chaos abort`'),
  ...right('list', '', 'pods', '`logs`, `nodes` and `down`'),
  ...right('get', '', 'pods/log', '`logs`'),
  ...right('get', '', 'configmaps', 'the record of `chaos run`', 'its verdict is told, not its evidence'),
  ...right('get', '', 'pods/proxy', 'metrics in `dump`', 'the archive is without them'),
  ...right('list', 'events.k8s.io', 'events', 'events in `dump`', 'the archive is without them'),
]

const nameOf = ({ group, resource, subresource }: Right): string =>
  `${resource}${subresource ? `/${subresource}` : ''}${group ? `.${group}` : ''}`

/** One row a resource. `allowed` has the answers in the order of `asked`. */
export function rightRows(asked: readonly Right[], allowed: readonly boolean[], namespace: string): CheckRow[] {
  const groups = new Map<string, { right: Right; verbs: string[]; refused: string[] }>()
  for (const [index, right] of asked.entries()) {
    const key = `${nameOf(right)} ${right.needed}`
    const group = groups.get(key) ?? { right, verbs: [], refused: [] }
    groups.set(key, group)
    group.verbs.push(right.verb)
    if (!allowed[index]) group.refused.push(right.verb)
  }
  return [...groups.values()].map(({ right, verbs, refused }) => {
    const name = `may ${verbs.join(', ')} ${nameOf(right)}`
    if (refused.length === 0) return ok(name, `for ${right.needed}`)
    const found = `you may not ${refused.join(', ')} in namespace ${namespace}`
    return right.instead
      ? without(name, found, `without it ${right.instead}`)
      : missing(name, found, `ask whoever runs the cluster for it; ${right.needed} needs it`)
  })
}
