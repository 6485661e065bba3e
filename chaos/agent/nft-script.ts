// A plan as a script for `nft -f`, which the kernel takes as a whole or not at all.
//
// Every set's members have timeouts: when nobody is left to remove the rules, they match nothing. A member that is added
// again keeps its old timeout (nft(8), kernels before 6.12), so sets are flushed and filled anew in one transaction.
import { MIN_TIMEOUT_MS } from './limits.ts'
import type { Part } from './parts.ts'
import type { KernelPlan } from './plan.ts'
import { BLACKHOLE_MINOR, classId } from './tc-names.ts'

export const TABLE = 'inet trellis'

/** Named objects the kernel's table holds. */
export interface TableContent {
  readonly sets: ReadonlySet<string>
  readonly counters: ReadonlySet<string>
}
export const emptyTable: TableContent = { sets: new Set(), counters: new Set() }

export interface NftScript {
  /** Everything, whatever the table held of `existing`. */
  readonly full: string
  /** Only the members with their timeouts: enough when `structure` is what the kernel holds. */
  readonly members: string
  readonly structure: string
  readonly content: TableContent
}

type Numbered = KernelPlan['parts'][number]
interface SetOfAddresses {
  readonly name: string
  readonly family: 4 | 6
  readonly members: readonly { readonly text: string; readonly end: number }[]
}

/** Members of one `add element` command. */
const MEMBERS_A_COMMAND = 1_000
/** Without these no neighbour is found on an IPv6 link; IPv4's ARP is outside of the table's sight. */
const NEIGHBOUR_DISCOVERY =
  'icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } return'

/**
 * @param existing what the table holds and may hold no more
 * @param now milliseconds of the monotonic clock
 */
export function compileNft(plan: KernelPlan, existing: TableContent, now: number): NftScript {
  const sets = [...plan.parts.flatMap(partSets), ...plan.steering.flatMap(steeringSets)]
  const counters = plan.parts.flatMap(part => (lossy(part) ? [partName(part), lostName(part)] : [partName(part)]))
  const content = { sets: new Set(sets.map(({ name }) => name)), counters: new Set(counters) }
  const structure = [
    `add table ${TABLE}`,
    // Before connection tracking, so that what is dropped leaves no trace in it.
    `add chain ${TABLE} in { type filter hook prerouting priority raw; policy accept; }`,
    // After address translation: peers go by the address that is on the wire.
    `add chain ${TABLE} out { type filter hook postrouting priority filter; policy accept; }`,
    ...sets.map(set => `add set ${TABLE} ${set.name} { type ipv${set.family}_addr; flags timeout; }`),
    ...counters.map(name => `add counter ${TABLE} ${name}`),
    `flush chain ${TABLE} in`,
    `flush chain ${TABLE} out`,
    ...rules(plan, 'in').map(rule => `add rule ${TABLE} in ${rule}`),
    ...rules(plan, 'out').map(rule => `add rule ${TABLE} out ${rule}`),
  ].join('\n')
  const members = sets.flatMap(set => fill(set, now)).join('\n')
  const stale = [
    ...[...existing.sets].filter(name => !content.sets.has(name)).map(name => `delete set ${TABLE} ${name}`),
    ...[...existing.counters]
      .filter(name => !content.counters.has(name))
      .map(name => `delete counter ${TABLE} ${name}`),
  ]
  return { full: [structure, ...stale, members, ''].join('\n'), members: `${members}\n`, structure, content }
}

/** Removes all there is. The table is added first because deleting one that is not there fails. */
export const removeTable = `add table ${TABLE}\ndelete table ${TABLE}\n`

export const partName = ({ number }: { readonly number: number }): string => `p${number}`
export const lostName = ({ number }: { readonly number: number }): string => `p${number}_lost`

const lossy = ({ link }: Part): boolean => !link.drop && (link.loss ?? 0) > 0

function partSets(part: Numbered): SetOfAddresses[] {
  return byFamily(
    partName(part),
    part.addresses.map(address => ({ ...address, end: part.end })),
  )
}

function steeringSets({ minor, members }: KernelPlan['steering'][number]): SetOfAddresses[] {
  return byFamily(
    `c${minor}`,
    [...members.values()].map(({ address, end }) => ({ ...address, end })),
  )
}

const families = [4, 6] as const

function byFamily(
  name: string,
  members: readonly { readonly family: 4 | 6; readonly text: string; readonly end: number }[],
): SetOfAddresses[] {
  return families
    .map(family => ({ name: `${name}_${family}`, family, members: members.filter(m => m.family === family) }))
    .filter(set => set.members.length > 0)
}

function fill({ name, members }: SetOfAddresses, now: number): string[] {
  const elements = members
    .filter(({ end }) => end - now >= MIN_TIMEOUT_MS)
    .map(({ text, end }) => `${text} timeout ${Math.floor(end - now)}ms`)
  const lines = [`flush set ${TABLE} ${name}`]
  for (let at = 0; at < elements.length; at += MEMBERS_A_COMMAND) {
    lines.push(`add element ${TABLE} ${name} { ${elements.slice(at, at + MEMBERS_A_COMMAND).join(', ')} }`)
  }
  return lines
}

/**
 * All parts count what meets them before any takes a packet away, so that each of several that overlap shows that it
 * bites. Then drops, then losses one after the other (1-(1-a)(1-b)), then the way into a class.
 */
function rules({ parts, steering }: KernelPlan, direction: 'in' | 'out'): string[] {
  const own = parts.filter(part => part.direction === direction)
  if (own.length === 0) return []
  const end = direction === 'in' ? 'saddr' : 'daddr'
  const matches = (sets: readonly SetOfAddresses[]): string[] =>
    sets.map(({ family, name }) => `${family === 4 ? 'ip' : 'ip6'} ${end} @${name}`)
  const ofPart = (part: Numbered, statement: string): string[] =>
    matches(partSets(part)).map(match => `${match} ${statement}`)
  return [
    NEIGHBOUR_DISCOVERY,
    ...own.flatMap(part => ofPart(part, `counter name ${partName(part)} comment "${comment(part)}"`)),
    ...own.filter(({ link }) => link.drop).flatMap(part => ofPart(part, 'drop')),
    ...own
      .filter(lossy)
      .flatMap(part => ofPart(part, `${chance(part)} counter name ${lostName(part)} ${lose[direction]}`)),
    ...(direction === 'out'
      ? steering.flatMap(entry =>
          matches(steeringSets(entry)).map(match => `${match} meta priority set ${classId(entry.minor)} return`),
        )
      : []),
  ]
}

/**
 * A sender that is told of a drop holds the packet back instead of missing its acknowledgement, and its TCP never
 * learns of the loss. A class that swallows packets tells nobody, like a network.
 */
const lose = { in: 'drop', out: `meta priority set ${classId(BLACKHOLE_MINOR)} return` }

const CHANCES = 1_000_000
const chance = ({ link }: Part): string =>
  `numgen random mod ${CHANCES} < ${Math.max(1, Math.round((link.loss ?? 0) * CHANCES))}`

/** For whoever lists the table; nft allows 128 bytes. */
const comment = ({ experiment, rowId }: Part): string =>
  `${experiment}/${rowId}`.replaceAll(/[^A-Za-z0-9._/-]/g, '_').slice(0, 120)
