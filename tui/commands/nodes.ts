// trellis nodes [NAME]: one line a node.
import type { Command } from 'commander'
import { stateRoot } from '../../operator/local/state-folder.ts'
import { chooseTestnet } from '../../operator/local/testnets.ts'
import { nodeRows } from '../model/node-rows.ts'
import { encode, type Format, outputOption } from '../output.ts'
import { observe } from '../source/node-status.ts'
import type { Terminal } from '../terminal.ts'
import { nodeTable } from '../views/nodes.ts'

export function addNodes(program: Command, terminal: Terminal): void {
  program
    .command('nodes [name]')
    .description('the nodes of a testnet: state, height, head, peers')
    .addOption(outputOption(['table', 'wide', 'json', 'yaml']))
    .action(async (name: string | undefined, options: { output?: Format }) => {
      const testnet = chooseTestnet(stateRoot(terminal.env), name)
      const nodes = testnet.record?.nodes ?? []
      const observation = await observe(testnet.standing === 'running' ? nodes : [])
      const rows = nodeRows(nodes, observation.nodes)
      const format = options.output ?? 'table'
      if (format === 'json' || format === 'yaml') return terminal.out(encode(rows, format))
      terminal.out(nodeTable(rows, { wide: format === 'wide', columns: terminal.columns, paint: terminal.paint }))
      if (testnet.standing === 'dead') {
        terminal.err(`the supervisor of ${testnet.name} is gone; clear up with \`trellis down ${testnet.name}\``)
      }
    })
}
