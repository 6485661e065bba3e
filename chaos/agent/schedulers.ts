// The traffic schedulers of this network namespace's devices, read and changed with `ip` and `tc`.
import { run } from './kernel.ts'
import type { KernelPlan } from './plan.ts'
import { compileTc, type Device } from './tc-commands.ts'
import { parseClasses, parseDevices, parseQdiscs, presentOf, type Qdisc } from './tc-present.ts'

/** Somebody else shapes a device's traffic; ours would take its place. */
export class ForeignScheduler extends Error {
  constructor(device: string, kind: string) {
    super(`${device} has a scheduler of somebody else's (${kind}): remove it, or use \`injector: userspace\``)
    this.name = 'ForeignScheduler'
  }
}

/** Devices that are up, without loopback. */
export const devices = async (): Promise<Device[]> => parseDevices(await run('ip', ['-j', 'link', 'show', 'up']))

export const qdiscsOf = async ({ name }: Device): Promise<Qdisc[]> =>
  parseQdiscs(await run('tc', ['-s', '-j', 'qdisc', 'show', 'dev', name]))

/**
 * Makes what the plan needs; what it returns removes the rest, once nothing is steered there any more.
 * @throws ForeignScheduler, KernelRefused
 */
export async function prepareSchedulers(plan: KernelPlan): Promise<() => Promise<void>> {
  const add: string[] = []
  const remove: string[] = []
  for (const device of await devices()) {
    const { name } = device
    const found = presentOf(await qdiscsOf(device), parseClasses(await run('tc', ['class', 'show', 'dev', name])))
    if (found.kind === 'foreign') {
      if (plan.steering.length > 0 || plan.loses) throw new ForeignScheduler(name, found.root)
      continue
    }
    const commands = compileTc(device, plan, found.present)
    add.push(...commands.add)
    remove.push(...commands.remove)
  }
  await batch(add)
  return () => batch(remove)
}

const batch = async (commands: readonly string[]): Promise<void> => {
  if (commands.length > 0) await run('tc', ['-batch', '-'], `${commands.join('\n')}\n`)
}
