// What this kernel can do for faults on links (chaos/agent/preflight.ts), tried in a network namespace of its own, so that
// nothing of the machine's network is touched.
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import type { Primitive } from '../../chaos/agent/preflight.ts'
import { type CheckRow, ok, without } from './row.ts'

const execute = promisify(execFile)
const TRY_WITHIN_MS = 20_000
/** The hidden command that prints what `preflight` found. */
export const TRIAL = 'try-kernel'

const uses: Readonly<Record<string, string>> = {
  'timed-sets': 'any fault by the kernel',
  numgen: 'loss by the kernel',
  priority: 'shaping by the kernel',
  htb: 'shaping by the kernel',
  blackhole: 'loss of what is sent by the kernel',
  tbf: 'bandwidth by the kernel',
  netem: 'latency by the kernel',
  'netem-jitter': 'jitter by the kernel',
}

export async function kernelRows(): Promise<CheckRow[]> {
  if (process.platform !== 'linux')
    return [
      without('namespaces', `this is ${process.platform}`, 'faults by the kernel are for Linux; here nodes make them'),
    ]
  const asRoot = process.getuid?.() === 0
  const entry = resolve(process.argv[1] ?? '')
  const args = [...(asRoot ? [] : ['--map-root-user']), '--net', process.execPath, entry, TRIAL]
  try {
    const { stdout } = await execute('unshare', args, { timeout: TRY_WITHIN_MS })
    const found = JSON.parse(stdout) as Primitive[]
    return [ok('namespaces', 'network namespaces can be made'), ...primitiveRows(found)]
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    const why = (stderr || message).trim().split('\n')[0] ?? ''
    return [
      without('namespaces', why, 'faults by the kernel cannot be tried here; in a cluster the agents try their own'),
    ]
  }
}

/** Pure. */
export const primitiveRows = (primitives: readonly Primitive[]): CheckRow[] =>
  primitives.map(({ name, present, reason = '' }) => {
    const use = uses[name] ?? 'faults by the kernel'
    if (present) return ok(name, `${use}`)
    const mend = reason.includes('not installed')
      ? `install it (nftables, iproute2) for ${use}`
      : `no ${use} here; nodes can make the fault themselves (\`injector: auto\`)`
    return without(name, reason, mend)
  })
