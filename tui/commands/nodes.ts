// trellis nodes [NAME]: one line a node.
import type { Command } from 'commander'
import { encode, type Format, outputOption } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { nodeTable } from '../views/nodes.ts'
import { addPlaceOptions, type PlaceOptions, withSource } from './place.ts'

export function addNodes(program: Command, terminal: Terminal): void {
  addPlaceOptions(program.command('nodes [name]').description('the nodes of a testnet: state, height, head, peers'))
    .addOption(outputOption(['table', 'wide', 'json', 'yaml']))
    .action(async (name: string | undefined, options: PlaceOptions & { output?: Format }) => {
      const { value: rows, notes } = await withSource(options, terminal, source => source.nodes(name))
      const format = options.output ?? 'table'
      if (format === 'json' || format === 'yaml') terminal.out(encode(rows, format))
      else terminal.out(nodeTable(rows, { wide: format === 'wide', columns: terminal.columns, paint: terminal.paint }))
      for (const note of notes) terminal.err(note)
    })
}
