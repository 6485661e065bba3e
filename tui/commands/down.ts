// trellis down [NAME]: ends a testnet, also one whose supervisor died; leaves nothing.
import type { Command } from 'commander'
import { stateRoot } from '../../operator/local/state-folder.ts'
import { takeDown } from '../../operator/local/take-down.ts'
import { chooseTestnet } from '../../operator/local/testnets.ts'
import { stderrProgress } from '../progress.ts'
import type { Terminal } from '../terminal.ts'

export function addDown(program: Command, terminal: Terminal): void {
  program
    .command('down [name]')
    .description('end a testnet and remove its data')
    .option('--keep-data', 'keep the data of the nodes; `up` of the same file goes on from it')
    .action(async (name: string | undefined, options: { keepData?: boolean }) => {
      const testnet = chooseTestnet(stateRoot(terminal.env), name)
      const progress = stderrProgress(terminal.live)
      const { orphans } = await takeDown(testnet, options.keepData === true, text => progress.update(text))
      progress.clear()
      const rest = orphans > 0 ? ` (${orphans} node processes had lost their supervisor)` : ''
      terminal.out(`${testnet.name} is down${options.keepData ? `, its data is kept in ${testnet.folder}` : ''}${rest}`)
    })
}
