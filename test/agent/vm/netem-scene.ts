// Six nodes in three regions with a matrix of delays, and two pairs that stand aside, as a script for the virtual machine:
// what the compilers print is applied there, and round trips are measured before, during and after.
import type { Link, LinkRow } from '../../../api/link.ts'
import { compileNft, emptyTable } from '../../../chaos/agent/nft-script.ts'
import type { ActiveRow } from '../../../chaos/agent/parts.ts'
import { noNumbers, planKernel } from '../../../chaos/agent/plan.ts'
import { compileTc } from '../../../chaos/agent/tc-commands.ts'
import { runInVm } from './boot.ts'
import type { VmParts } from './parts.ts'

const regions = ['eu', 'us', 'asia'] as const
type Region = (typeof regions)[number]
/** One-way delays, milliseconds, from the first region to the second; not the same both ways. */
const matrix: Record<Region, Record<Region, number>> = {
  eu: { eu: 0.4, us: 40, asia: 110 },
  us: { eu: 45, us: 1.5, asia: 75 },
  asia: { eu: 110, us: 70, asia: 0.8 },
}
const nodes = regions.flatMap(region => [region, region]).map((region, i) => ({ region, number: i + 1 }))
const address = (node: number): string => `10.66.0.${node}`
type Pair = readonly [from: number, to: number]
export const pairs = nodes.flatMap(({ number }) =>
  nodes.flatMap(to => (to.number === number ? [] : [[number, to.number] as Pair])),
)
/** Each node once, with a node of its region or of another. */
export const neighbours = pairs.filter(([from, to]) => to === (from % nodes.length) + 1)
const leaseMs = 12_000

const classOf = (link: Partial<Link>, ...to: number[]): LinkRow['classes'][number] => ({
  direction: 'out',
  link: { drop: false, ...link },
  peers: to.map(node => ({ name: `n${node}`, host: address(node), peerId: `n${node}` })),
})
const rowOf = (id: string, classes: LinkRow['classes'], end = leaseMs): ActiveRow => ({
  experiment: 'regions',
  row: { id, endsAt: 1, classes },
  end,
})

/** Nodes 7 and 8 stand aside: the first sends to the second with jitter, then behind a limit too. */
export const [jittery, other] = [7, 8]
export const jitter = { delayMs: 30, jitterMs: 4, correlation: 0.25 }
/** Nodes 9 and 10 stand aside too: a quarter of what the first sends to the second does not wait, and overtakes. */
export const [hasty, overtaken] = [9, 10]
export const haste = { delayMs: 50, reordering: 0.25 }
export const HASTY_PINGS = 200
function rowsFor(node: number, region: Region | undefined): ActiveRow[] {
  if (node === jittery)
    return [rowOf('jitter', [classOf(jitter, other)]), rowOf('slow', [classOf({ rate: 50_000 }, other)])]
  if (node === hasty) return [rowOf('hasty', [classOf(haste, overtaken)])]
  if (!region) return []
  return [
    rowOf(
      'matrix',
      nodes.filter(to => to.number !== node).map(to => classOf({ delayMs: matrix[region][to.region] }, to.number)),
    ),
  ]
}

function script(): string {
  const lines = [
    'ip=/tools/ip',
    'uptime() { cut -d. -f1 /proc/uptime; }',
    'inside() { n=$1; shift; nsenter --net=/run/netns/$n "$@"; }',
    '$ip netns add bridge',
  ]
  lines.push('inside bridge $ip link add bridge0 type bridge', 'inside bridge $ip link set bridge0 up')
  const all = [
    ...nodes,
    { region: undefined, number: jittery },
    { region: undefined, number: other },
    { region: undefined, number: hasty },
    { region: undefined, number: overtaken },
  ]
  for (const { number } of all) {
    lines.push(
      `$ip netns add n${number}`,
      `$ip link add eth0 netns n${number} type veth peer name port${number} netns bridge`,
      `inside bridge $ip link set port${number} master bridge0 up`,
      `inside n${number} $ip address add ${address(number)}/24 dev eth0`,
      `inside n${number} $ip link set eth0 up`,
    )
  }
  const measure = (name: string, pings: number, chosen: readonly Pair[] = pairs): string[] => [
    ...chosen.map(([from, to]) => `inside n${from} ping -c ${pings} -i 0.25 ${address(to)} > /tmp/${from}-${to} &`),
    'wait',
    ...chosen.map(([from, to]) => `echo BEGIN ${name} ${from} ${to}; cat /tmp/${from}-${to}`),
  ]
  for (const [from, to] of [
    [jittery, other],
    [hasty, overtaken],
  ])
    lines.push(`inside n${from} ping -q -c 1 ${address(to!)} > /dev/null`)
  lines.push(...measure('before', 3, pairs.slice(0, 1)))
  for (const { number, region } of all) {
    const plan = planKernel(rowsFor(number, region), noNumbers)
    if (plan.parts.length === 0) continue
    const nothing = { root: false, classes: new Set<number>(), handles: new Set<number>() }
    const { add } = compileTc({ name: 'eth0', mtu: 1_500 }, plan, nothing)
    const { full } = compileNft(plan, emptyTable, 0)
    lines.push(
      `cat > /tmp/tc <<'END'\n${add.join('\n')}\nEND`,
      `inside n${number} /tools/tc -batch /tmp/tc || echo FAILED tc ${number}`,
      `cat > /tmp/nft <<'END'\n${full}END`,
      `inside n${number} /tools/nft -f /tmp/nft || echo FAILED nft ${number}`,
    )
  }
  // The leases began one after the other; all are over when this is.
  lines.push('start=$(uptime)', ...measure('during', 4))
  lines.push(`inside n${jittery} ping -c 150 -i 0.02 ${address(other)} > /tmp/jitter &`)
  lines.push(`inside n${hasty} ping -c ${HASTY_PINGS} -i 0.02 ${address(overtaken)} > /tmp/hasty`, 'wait')
  lines.push(`echo BEGIN jitter ${jittery} ${other}; cat /tmp/jitter`)
  lines.push(`echo BEGIN hasty ${hasty} ${overtaken}; cat /tmp/hasty`)
  lines.push(`while [ $(uptime) -le $((start + ${leaseMs / 1_000})) ]; do sleep 0.1; done`)
  lines.push(...measure('after', 2, neighbours), 'echo BEGIN end 0 0')
  return `${lines.join('\n')}\n`
}

/** Round-trip times of each measured pair, milliseconds. */
function roundTrips(text: string): Map<string, number[]> {
  const sections = text.split(/^BEGIN /m).slice(1)
  return new Map(
    sections.map(section => {
      const name = /^[^\r\n]*/.exec(section)![0]
      return [name, [...section.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms))]
    }),
  )
}
/** Numbers of the answers, in the order in which they came. */
function answersIn(text: string, name: string): number[] {
  const section = text.split(/^BEGIN /m).find(each => each.startsWith(`${name} `)) ?? ''
  return [...section.matchAll(/seq=(\d+) /g)].map(([, number]) => Number(number))
}
/** Of an even delay the quickest round trip says most: others waited for the processor, or for a neighbour to be found. */
export const quickest = (values: readonly number[]): number => Math.min(...values)

const regionOf = (node: number): Region => nodes.find(({ number }) => number === node)!.region

export interface Measured {
  /** Round-trip times, milliseconds, by what is measured and the pair: `during 1 2`. */
  readonly times: ReadonlyMap<string, readonly number[]>
  /** Numbers of the answers that came over the link that lets packets overtake, in their order. */
  readonly order: readonly number[]
}

/** @throws with the console when the machine does not do the script */
export async function measure(parts: VmParts): Promise<Measured> {
  const printed = await runInVm(parts, script(), 90_000)
  const times = roundTrips(printed)
  if (!times.has('end 0 0')) throw new Error(`the script broke off:\n${printed}`)
  return { times, order: answersIn(printed, 'hasty') }
}

export const quickestOf = ({ times }: Measured, when: string, from: number, to: number): number =>
  quickest(times.get(`${when} ${from} ${to}`) ?? [])

/** By how far each pair's round trip is off the sum of its delays, milliseconds. */
export function errorsOf(measured: Measured): { pair: Pair; expected: number; error: number }[] {
  return pairs.map(([from, to]) => {
    const expected = matrix[regionOf(from)][regionOf(to)] + matrix[regionOf(to)][regionOf(from)]
    const error = quickestOf(measured, 'during', from, to) - quickestOf(measured, 'before', 1, 2) - expected
    return { pair: [from, to], expected, error }
  })
}
