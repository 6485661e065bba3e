// A plan as commands for `tc -batch` on one network device.
//
// Traffic that no rule steers into a class passes the root as if it were not there (`default 0`). So an interrupted
// batch, or an agent that never comes back, leaves classes behind that nothing enters once the sets' members are gone.
import type { KernelPlan } from './plan.ts'
import type { Shape } from './steering.ts'
import { BLACKHOLE_MINOR, classId, hex, INNER_HANDLES, ROOT_HANDLE } from './tc-names.ts'

export interface Device {
  readonly name: string
  /** Bytes. */
  readonly mtu: number
}

/** What the device has of ours. */
export interface Present {
  readonly root: boolean
  readonly classes: ReadonlySet<number>
  /** Handles of the schedulers inside of classes. */
  readonly handles: ReadonlySet<number>
}

export interface TcCommands {
  /** To be run before packets are steered. */
  readonly add: readonly string[]
  /** To be run when no packet is steered there any more. */
  readonly remove: readonly string[]
}

/** A class of its own needs a rate; this one is above every device's. */
const UNLIMITED = 'rate 100gbit ceil 100gbit burst 16mb cburst 16mb quantum 60000'
/** Packets in flight that the delay of one class may hold. */
const MAX_DELAYED_PACKETS = 100_000
/** A slow link's queue: short, so that what is in it when the fault ends is soon gone, but never below these packets. */
const QUEUE_SECONDS = 0.3
const MIN_QUEUE_PACKETS = 4
const ETHERNET_BYTES = 18

/** Commands that bring the device from what is present to the plan. */
export function compileTc({ name, mtu }: Device, plan: KernelPlan, present: Present): TcCommands {
  const wanted = new Map(plan.steering.map(({ minor, shape }) => [minor, shape]))
  if (wanted.size === 0 && !plan.loses) {
    return { add: [], remove: present.root ? [`qdisc del dev ${name} root`] : [] }
  }
  const has = (handle: number): boolean => present.root && present.handles.has(handle)
  const add: string[] = []
  if (!present.root) add.push(`qdisc add dev ${name} root handle ${ROOT_HANDLE}: htb default 0 direct_qlen 10000`)
  const addClass = (minor: number): void => {
    if (!present.root || !present.classes.has(minor)) {
      add.push(`class add dev ${name} parent ${ROOT_HANDLE}: classid ${classId(minor)} htb ${UNLIMITED}`)
    }
  }
  if (plan.loses) {
    addClass(BLACKHOLE_MINOR)
    if (!has(BLACKHOLE_MINOR)) {
      add.push(`qdisc add dev ${name} parent ${classId(BLACKHOLE_MINOR)} handle ${hex(BLACKHOLE_MINOR)}: blackhole`)
    }
  }
  for (const [minor, shape] of wanted) {
    addClass(minor)
    for (const { handle, parent, qdisc } of inside(minor, shape, mtu)) {
      if (!has(handle)) add.push(`qdisc add dev ${name} parent ${parent} handle ${hex(handle)}: ${qdisc}`)
    }
  }
  const remove = [...present.classes]
    .filter(minor => present.root && !wanted.has(minor) && !(minor === BLACKHOLE_MINOR && plan.loses))
    .map(minor => `class del dev ${name} classid ${classId(minor)}`)
  return { add, remove }
}

interface Inside {
  readonly handle: number
  readonly parent: string
  readonly qdisc: string
}

/** The schedulers of a class, the outer first: a limit lets packets go one by one, each delayed on its own before. */
function inside(minor: number, shape: Shape, mtu: number): Inside[] {
  const outer = { handle: minor, parent: classId(minor) }
  if (!Number.isFinite(shape.rate)) return [{ ...outer, qdisc: netem(shape, mtu) }]
  const limit = { ...outer, qdisc: tbf(shape, mtu) }
  if (shape.delayMs === 0 && shape.jitterMs === 0) return [limit]
  return [limit, { handle: INNER_HANDLES + minor, parent: `${hex(minor)}:1`, qdisc: netem(shape, mtu) }]
}

/** A token bucket, unlike a class's own limit, cuts the large packets that devices segment later into those of the wire. */
function tbf({ rate }: Shape, mtu: number): string {
  const packet = mtu + ETHERNET_BYTES
  const burst = Math.max(2 * packet, Math.round(rate * 0.005))
  const queue = Math.max(MIN_QUEUE_PACKETS * packet, Math.round(rate * QUEUE_SECONDS))
  return `tbf rate ${Math.round(rate * 8)}bit burst ${burst} limit ${queue}`
}

function netem({ delayMs, jitterMs, correlation, reordering, rate }: Shape, mtu: number): string {
  const delay = `delay ${microseconds(delayMs)}`
  const jitter = jitterMs > 0 ? ` ${microseconds(jitterMs)}` : ''
  const correlated = jitterMs > 0 && correlation > 0 ? ` ${Number((correlation * 100).toFixed(4))}%` : ''
  const distribution = jitterMs > 0 ? ' distribution normal' : ''
  const reorder = reordering > 0 ? ` reorder ${Number((reordering * 100).toFixed(4))}%` : ''
  return `netem limit ${held(delayMs + 4 * jitterMs, rate, mtu)} ${delay}${jitter}${correlated}${distribution}${reorder}`
}

/** Packets on their way at once under a rate; as many as may be without one. */
function held(delayMs: number, rate: number, mtu: number): number {
  if (!Number.isFinite(rate)) return MAX_DELAYED_PACKETS
  const packets = Math.ceil((rate * (delayMs / 1_000 + QUEUE_SECONDS)) / mtu) + MIN_QUEUE_PACKETS
  // Small packets fill the same time with more of them.
  return Math.min(MAX_DELAYED_PACKETS, packets * 4)
}

/** tc takes fractions; a delay below a millisecond must stay one, and one above 0 is at least a nanosecond. */
const microseconds = (ms: number): string => `${Number(Math.max(ms > 0 ? 0.001 : 0, ms * 1_000).toFixed(3))}us`
