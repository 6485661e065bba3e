// Which packets go into which class of the scheduler. A packet can be in one class only, so parts that overlap at an
// address compose into one link; and as each part ends by itself, the kernel must find the composition of the rest
// without being told. So an address stands in the class of all its parts until the first of them ends, in the class of
// all others until the second ends, and so on; of the classes that name it the most severe one counts.
import { composeLinks, type Link, openLink } from '../../api/link.ts'
import type { Address } from './address.ts'
import type { Part } from './parts.ts'

/** What a class of the scheduler does. Drop and loss are rules, not classes. */
export interface Shape {
  readonly delayMs: number
  readonly jitterMs: number
  readonly correlation: number
  /** Fraction of packets that do not wait. */
  readonly reordering: number
  /** Bytes per second; infinite when unlimited. */
  readonly rate: number
}

export interface Steering {
  readonly key: string
  readonly shape: Shape
  /** The address's text -> it and when it leaves the class. */
  readonly members: ReadonlyMap<string, { readonly address: Address; readonly end: number }>
}

/** True when traffic under the link has to pass a class of the scheduler. */
export const shapes = ({ delayMs = 0, jitterMs = 0, rate }: Link): boolean =>
  delayMs > 0 || jitterMs > 0 || rate !== undefined

export const shapeKey = ({ delayMs, jitterMs, correlation, reordering, rate }: Shape): string =>
  [delayMs, jitterMs, correlation, reordering, rate].join(' ')

/** The classes that outgoing traffic is steered into, the most severe first. A part added to others never makes a link milder, so the order holds for every address. */
export function steer(parts: readonly Part[]): Steering[] {
  const shaping = parts.filter(({ direction, link }) => direction === 'out' && shapes(link))
  const byAddress = new Map<string, { address: Address; parts: Part[] }>()
  for (const part of shaping) {
    for (const address of part.addresses) {
      const entry = byAddress.get(address.text)
      if (entry) entry.parts.push(part)
      else byAddress.set(address.text, { address, parts: [part] })
    }
  }
  const stagesOf = memo(stages)
  const classes = new Map<string, Steering & { members: Map<string, { address: Address; end: number }> }>()
  for (const { address, parts: own } of byAddress.values()) {
    for (const { shape, key, end } of stagesOf(own)) {
      const steering = classes.get(key) ?? { key, shape, members: new Map() }
      classes.set(key, steering)
      steering.members.set(address.text, { address, end })
    }
  }
  return [...classes.values()].sort((a, b) => severity(a.shape, b.shape))
}

interface Stage {
  readonly key: string
  readonly shape: Shape
  readonly end: number
}

/** What holds at an address as its parts end one after the other. */
function stages(parts: readonly Part[]): Stage[] {
  const ends = [...new Set(parts.map(({ end }) => end))].sort((a, b) => a - b)
  return ends.map(end => {
    const left = parts.filter(part => part.end >= end)
    const shape = shapeOf(left.reduce<Link>((link, part) => composeLinks(link, part.link), openLink))
    return { shape, key: shapeKey(shape), end }
  })
}

function shapeOf(link: Link): Shape {
  const { delayMs = 0, jitterMs = 0, correlation = 0, reordering = 0, rate = Number.POSITIVE_INFINITY } = link
  return {
    delayMs: nanoseconds(delayMs),
    jitterMs: nanoseconds(jitterMs),
    correlation,
    // Without a delay nothing waits that could be overtaken.
    reordering: delayMs > 0 ? Math.round(reordering * 1e6) / 1e6 : 0,
    rate,
  }
}

/** Sums of the same delays in another order differ in the last bit; the kernel counts nanoseconds. */
const nanoseconds = (ms: number): number => Math.round(ms * 1e6) / 1e6

const severity = (a: Shape, b: Shape): number =>
  b.delayMs - a.delayMs ||
  b.jitterMs - a.jitterMs ||
  b.correlation - a.correlation ||
  b.reordering - a.reordering ||
  a.rate - b.rate ||
  0

/** A thousand addresses have a handful of different lists of parts. */
function memo(compute: (parts: readonly Part[]) => Stage[]): (parts: readonly Part[]) => Stage[] {
  const known = new Map<string, Stage[]>()
  return parts => {
    const key = parts.map(({ key }) => key).join('\n')
    const found = known.get(key) ?? compute(parts)
    known.set(key, found)
    return found
  }
}
