// trellis check: what this machine, or a cluster, can do for testnets, and what to do about what is missing.
import type { Command } from 'commander'
import { kernelRows, TRIAL } from '../check/kernel.ts'
import { machineFacts, machineRows } from '../check/machine.ts'
import { type CheckRow, isFit } from '../check/row.ts'
import { exitCode, type SetExit } from '../exit-codes.ts'
import { listenForInterrupts } from '../interrupts.ts'
import { encode, type Format, outputOption } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { checkText } from '../views/checks.ts'
import { addPlaceOptions, clusterOf, type PlaceOptions } from './place.ts'

interface CheckOptions extends PlaceOptions {
  readonly output?: Format
}

export function addCheck(program: Command, terminal: Terminal, setExit: SetExit): void {
  addPlaceOptions(
    program
      .command('check')
      .summary('what this machine or a cluster can do, and what is missing')
      .description(
        'Looks at what testnets need: of this machine Node, memory, disk, addresses and what its kernel can do for faults; of a cluster its version, the definitions, the operator, your rights and the namespace. Exit code 1 when something is missing that is needed.',
      ),
  )
    .addOption(outputOption(['table', 'json', 'yaml']))
    .action((options: CheckOptions) => check(options, terminal, setExit))
  program.command(TRIAL, { hidden: true }).action(async () => {
    const { preflight } = await import('../../chaos/agent/preflight.ts')
    terminal.out(JSON.stringify(await preflight()))
  })
}

async function check({ output = 'table', ...options }: CheckOptions, terminal: Terminal, setExit: SetExit) {
  const rows = await look(options, terminal)
  if (output === 'json' || output === 'yaml') terminal.out(encode(rows, output))
  else terminal.out(checkText(rows, terminal))
  const lacking = rows.filter(({ state }) => state === 'missing').length
  if (lacking > 0) terminal.err(`${lacking} of ${rows.length} that are needed ${lacking === 1 ? 'is' : 'are'} missing`)
  setExit(isFit(rows) ? exitCode.ok : exitCode.failed)
}

async function look(options: PlaceOptions, terminal: Terminal): Promise<CheckRow[]> {
  const cluster = await clusterOf(options, terminal)
  if (!cluster) return [...machineRows(await machineFacts(terminal.env)), ...(await kernelRows())]
  const { clusterRows } = await import('../check/cluster.ts')
  const interrupts = listenForInterrupts()
  try {
    return await clusterRows(cluster, terminal.env, interrupts.stop)
  } finally {
    interrupts.release()
    cluster.close()
  }
}
