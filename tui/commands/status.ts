// trellis status [NAME]: one line a testnet; with a name (or only one testnet) its conditions and heads.
import type { Command } from 'commander'
import { encode, type Format, outputOption } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { conditionLines, testnetTable } from '../views/status.ts'
import { addPlaceOptions, type PlaceOptions, withSource } from './place.ts'

interface StatusOptions extends PlaceOptions {
  readonly output?: Format
  readonly allNamespaces?: boolean
}

export function addStatus(program: Command, terminal: Terminal): void {
  addPlaceOptions(program.command('status [name]').description('how testnets are, on this machine or in a cluster'))
    .option('-A, --all-namespaces', 'in all namespaces of the cluster')
    .addOption(outputOption(['table', 'wide', 'json', 'yaml']))
    .action((name: string | undefined, options: StatusOptions) => status(name, options, terminal))
}

async function status(name: string | undefined, options: StatusOptions, terminal: Terminal): Promise<void> {
  const format = options.output ?? 'table'
  const { value: reports, notes } = await withSource(options, terminal, source => source.reports(name))
  if (format === 'json' || format === 'yaml') terminal.out(encode(reports, format))
  else if (reports.length > 0) {
    const namespaces = options.allNamespaces === true
    terminal.out(testnetTable(reports, { wide: format === 'wide', columns: terminal.columns, namespaces }))
    const [only, ...others] = reports
    if (only && others.length === 0 && only.conditions.length > 0)
      terminal.out(`\n${conditionLines(only.conditions, only.heads, terminal.paint)}`)
  }
  for (const note of notes) terminal.err(note)
}
