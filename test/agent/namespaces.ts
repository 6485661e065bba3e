// Network namespaces of a test's own: hosts on one bridge, IPv4 and IPv6, each as apart from this machine as a pod.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)
export const command = async (program: string, ...args: string[]): Promise<string> =>
  (await execute(program, args, { timeout: 20_000, maxBuffer: 16 * 1024 * 1024 })).stdout

export interface Host {
  readonly namespace: string
  readonly v4: string
  readonly v6: string
  /** What the command prints when it is run there. @throws when it fails */
  run(program: string, ...args: string[]): Promise<string>
}

export interface Wire extends AsyncDisposable {
  readonly hosts: readonly Host[]
}

let wires = 0

/** So many hosts that reach each other and nobody else. Disposing of it leaves nothing behind. */
export async function makeWire(count: number): Promise<Wire> {
  const prefix = `trellis-${process.pid}-${wires++}`
  const bridge = `${prefix}-bridge`
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${i + 1}`)
  const dispose = async (): Promise<void> => {
    for (const name of [bridge, ...names]) await command('ip', 'netns', 'del', name).catch(() => {})
  }
  try {
    await command('ip', 'netns', 'add', bridge)
    await command('ip', '-n', bridge, 'link', 'add', 'bridge0', 'type', 'bridge')
    await command('ip', '-n', bridge, 'link', 'set', 'bridge0', 'up')
    const hosts: Host[] = []
    for (const [index, namespace] of names.entries()) hosts.push(await attach(bridge, namespace, index + 1))
    return { hosts, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function attach(bridge: string, namespace: string, index: number): Promise<Host> {
  const [v4, v6] = [`10.66.0.${index}`, `fd66::${index}`]
  await command('ip', 'netns', 'add', namespace)
  const inside = (...args: string[]) => command('ip', '-n', namespace, ...args)
  await inside('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', `port${index}`, 'netns', bridge)
  await command('ip', '-n', bridge, 'link', 'set', `port${index}`, 'master', 'bridge0', 'up')
  await inside('address', 'add', `${v4}/24`, 'dev', 'eth0')
  // Without duplicate address detection the address is there at once.
  await inside('address', 'add', `${v6}/64`, 'dev', 'eth0', 'nodad')
  await inside('link', 'set', 'lo', 'up')
  await inside('link', 'set', 'eth0', 'up')
  return { namespace, v4, v6, run: (...args) => command('ip', 'netns', 'exec', namespace, ...args) }
}
