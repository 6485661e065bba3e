// Which primitives of faults this kernel has. Each is tried for real: nft scripts in check mode, schedulers on a pair of
// devices of our own that are never up. A list of modules would say nothing of rights, nor of what is built in.
import type { Link } from '../../api/link.ts'
import { KernelRefused, run } from './kernel.ts'
import { shapes } from './steering.ts'

export const primitiveNames = [
  'timed-sets',
  'numgen',
  'priority',
  'htb',
  'blackhole',
  'tbf',
  'netem',
  'netem-jitter',
] as const
export type PrimitiveName = (typeof primitiveNames)[number]

export interface Primitive {
  readonly name: PrimitiveName
  readonly present: boolean
  /** What the kernel or its tool said when it is not. */
  readonly reason?: string
}

const table = 'inet trellis_preflight'
const chain = `add table ${table}\nadd chain ${table} out { type filter hook postrouting priority filter; }\n`
const nftTrials: Partial<Record<PrimitiveName, string>> = {
  'timed-sets': [4, 6]
    .map(family => {
      const member = family === 4 ? '192.0.2.1' : '2001:db8::1'
      return [
        `add set ${table} s${family} { type ipv${family}_addr; flags timeout; }`,
        `add element ${table} s${family} { ${member} timeout 1s }`,
        `add counter ${table} c${family}`,
        `add rule ${table} out ${family === 4 ? 'ip' : 'ip6'} daddr @s${family} counter name c${family} drop\n`,
      ].join('\n')
    })
    .join(''),
  numgen: `add rule ${table} out numgen random mod 1000000 < 1 drop\n`,
  priority: `add rule ${table} out meta priority set 1:1\n`,
}

const devices = ['trellis-try0', 'trellis-try1'] as const
const inClass = `dev ${devices[0]} parent 1:1`
const tcTrials: Partial<Record<PrimitiveName, string>> = {
  htb: `qdisc add dev ${devices[0]} root handle 1: htb default 0\nclass add dev ${devices[0]} parent 1: classid 1:1 htb rate 1gbit\n`,
  blackhole: `qdisc replace ${inClass} blackhole\n`,
  tbf: `qdisc replace ${inClass} tbf rate 1mbit burst 10000 limit 10000\n`,
  netem: `qdisc replace ${inClass} netem delay 1ms reorder 1%\n`,
  'netem-jitter': `qdisc replace ${inClass} netem delay 1ms 1ms 25% distribution normal\n`,
}

/** Tries every primitive; takes some tens of milliseconds. Never throws: what cannot be tried is not present. */
export async function preflight(): Promise<Primitive[]> {
  const results = new Map<PrimitiveName, Primitive>()
  const attempt = async (name: PrimitiveName, trial: () => Promise<unknown>): Promise<void> => {
    const result = await trial().then(
      () => ({ name, present: true }),
      error => ({ name, present: false, reason: reasonOf(error) }),
    )
    results.set(name, result)
  }
  for (const [name, script] of Object.entries(nftTrials)) {
    await attempt(name as PrimitiveName, () => run('nft', ['-c', '-f', '-'], chain + script))
  }
  await removeDevices()
  const made = run('ip', ['link', 'add', devices[0], 'type', 'veth', 'peer', 'name', devices[1]])
  for (const [name, batch] of Object.entries(tcTrials)) {
    await attempt(name as PrimitiveName, () => made.then(() => run('tc', ['-batch', '-'], batch)))
  }
  await removeDevices()
  return primitiveNames.flatMap(name => results.get(name) ?? [])
}

/** Those that are left of a preflight that was killed are in the way of the next. */
const removeDevices = (): Promise<unknown> => run('ip', ['link', 'del', devices[0]]).catch(() => {})

const reasonOf = (error: unknown): string =>
  error instanceof KernelRefused ? error.message.replaceAll(/\s*\n\s*/g, '; ') : String(error)

/** The primitives that a link in this direction stands on. */
export function primitivesFor(link: Link, direction: 'in' | 'out'): PrimitiveName[] {
  const names: PrimitiveName[] = ['timed-sets']
  const loses = !link.drop && (link.loss ?? 0) > 0
  if (loses) names.push('numgen')
  if (direction === 'in') return names
  if (loses || shapes(link)) names.push('priority', 'htb')
  if (loses) names.push('blackhole')
  if (link.rate !== undefined) names.push('tbf')
  if (link.delayMs || link.jitterMs) names.push('netem')
  if (link.jitterMs) names.push('netem-jitter')
  return names
}

/** What the link stands on and this kernel has not. */
export function missingFor(link: Link, direction: 'in' | 'out', primitives: readonly Primitive[]): Primitive[] {
  const needed = primitivesFor(link, direction)
  return primitives.filter(({ name, present }) => !present && needed.includes(name))
}
