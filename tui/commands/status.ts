// trellis status [NAME]: one line a testnet; with a name (or only one testnet) its conditions and heads.
import type { Command } from 'commander'
import type { TestnetReport } from '../model/testnet-summary.ts'
import { type Listing, outputOption, rowFormats } from '../output.ts'
import { addWatchOption, type RepeatOptions, show } from '../repeat.ts'
import type { Terminal } from '../terminal.ts'
import { conditionLines, testnetTable } from '../views/status.ts'
import { addPlaceOptions, type PlaceOptions, withSource } from './place.ts'

interface StatusOptions extends PlaceOptions, RepeatOptions {
  readonly allNamespaces?: boolean
}

export function addStatus(program: Command, terminal: Terminal): void {
  addWatchOption(
    addPlaceOptions(program.command('status [name]').description('how testnets are, on this machine or in a cluster'))
      .option('-A, --all-namespaces', 'in all namespaces of the cluster')
      .addOption(outputOption(rowFormats)),
  ).action((name: string | undefined, options: StatusOptions) => status(name, options, terminal))
}

const status = (name: string | undefined, options: StatusOptions, terminal: Terminal): Promise<void> =>
  withSource(options, terminal, source =>
    show(options, terminal, async (): Promise<Listing<TestnetReport>> => {
      const { value: rows, notes } = await source.reports(name)
      const namespaces = options.allNamespaces === true
      const [only, ...others] = rows
      const below =
        only && others.length === 0 && only.conditions.length > 0
          ? ['', ...conditionLines(only.conditions, only.heads, terminal.paint).split('\n')]
          : []
      return {
        rows,
        name: row => (namespaces ? `${row.namespace}/${row.name}` : row.name),
        table: wide => testnetTable(rows, { wide, columns: terminal.columns, namespaces }),
        below,
        notes,
      }
    }),
  )
