// trellis nodes [NAME]: one line a node.
import type { Command } from 'commander'
import { outputOption, rowFormats } from '../output.ts'
import { addWatchOption, type RepeatOptions, show } from '../repeat.ts'
import type { Terminal } from '../terminal.ts'
import { nodeTable } from '../views/nodes.ts'
import { addPlaceOptions, type PlaceOptions, withSource } from './place.ts'

export function addNodes(program: Command, terminal: Terminal): void {
  addWatchOption(
    addPlaceOptions(
      program.command('nodes [name]').description('the nodes of a testnet: state, height, head, peers'),
    ).addOption(outputOption(rowFormats)),
  ).action((name: string | undefined, options: PlaceOptions & RepeatOptions) =>
    withSource(options, terminal, source =>
      show(options, terminal, async () => {
        const { value: rows, notes } = await source.nodes(name)
        const { columns, paint } = terminal
        return { rows, name: row => row.name, table: wide => nodeTable(rows, { wide, columns, paint }), notes }
      }),
    ),
  )
}
