// What `ip` and `tc` say of devices -> what is ours of them.
import { isRecord, list } from './json.ts'
import type { Device, Present } from './tc-commands.ts'
import { ROOT_HANDLE } from './tc-names.ts'

/** A scheduler of a device, with its counters. */
export interface Qdisc {
  readonly kind: string
  /** The handle's major number; 0 of those that the kernel made itself. */
  readonly handle: number
  /** `root` or a class. */
  readonly parent: string
  readonly packets: number
  readonly bytes: number
  readonly drops: number
  /** Packets waiting in it. */
  readonly queued: number
}

/** Reads `tc -s -j qdisc show dev …`. @throws SyntaxError when it is no JSON */
export function parseQdiscs(json: string): Qdisc[] {
  return list(JSON.parse(json || '[]')).flatMap(entry => {
    if (!isRecord(entry)) return []
    const count = (name: string): number => (typeof entry[name] === 'number' ? entry[name] : 0)
    return {
      kind: String(entry.kind),
      handle: Number.parseInt(String(entry.handle), 16),
      parent: entry.root === true ? 'root' : String(entry.parent),
      packets: count('packets'),
      bytes: count('bytes'),
      drops: count('drops'),
      queued: count('qlen'),
    }
  })
}

/** Reads `ip -j link show up`, without loopback. @throws SyntaxError when it is no JSON */
export function parseDevices(json: string): Device[] {
  return list(JSON.parse(json || '[]')).flatMap(link => {
    // Devices that are not up are printed as empty objects.
    if (!isRecord(link) || typeof link.ifname !== 'string' || list(link.flags).includes('LOOPBACK')) return []
    return { name: link.ifname, mtu: Number(link.mtu) }
  })
}

/** Minor numbers of our classes in `tc class show dev …`, which prints no JSON for them. */
export function parseClasses(text: string): Set<number> {
  const ours = new RegExp(`^class htb ${ROOT_HANDLE}:([0-9a-f]+) `, 'gm')
  return new Set([...text.matchAll(ours)].map(([, minor]) => Number.parseInt(minor ?? '', 16)))
}

export type Found =
  | { readonly kind: 'present'; readonly present: Present }
  | { readonly kind: 'foreign'; readonly root: string }

/** What is ours on the device; `foreign` when somebody else's scheduler stands at its root. */
export function presentOf(qdiscs: readonly Qdisc[], classes: ReadonlySet<number>): Found {
  const root = qdiscs.find(({ parent }) => parent === 'root')
  const ours = root?.kind === 'htb' && root.handle === Number.parseInt(ROOT_HANDLE, 16)
  if (root && !ours && root.handle !== 0) return { kind: 'foreign', root: root.kind }
  const handles = ours ? qdiscs.filter(qdisc => qdisc !== root).map(({ handle }) => handle) : []
  return { kind: 'present', present: { root: ours, classes: ours ? classes : new Set(), handles: new Set(handles) } }
}
