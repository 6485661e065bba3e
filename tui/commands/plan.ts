// trellis plan FILE: what `up` would create, before anything is.
import type { Command } from 'commander'
import { planAddresses } from '../../operator/local/addresses.ts'
import { usedHosts } from '../../operator/local/provision.ts'
import { stateRoot, testnetFolder } from '../../operator/local/state-folder.ts'
import { expand } from '../../operator/testnet/expand.ts'
import { readTestnet } from '../documents.ts'
import { plan } from '../model/plan.ts'
import { encode, type Format, outputOption } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { planText } from '../views/plan.ts'

export function addPlan(program: Command, terminal: Terminal): void {
  program
    .command('plan <file>')
    .description('what `up` would create: nodes, regions, addresses, latency')
    .option('--name <name>', 'as with `up`')
    .addOption(outputOption(['table', 'wide', 'yaml', 'json']))
    .action(async (file: string, options: { name?: string; output?: Format }) => {
      const testnet = readTestnet(file, options.name)
      const expanded = expand(testnet)
      const root = stateRoot(terminal.env)
      const { name } = testnet.metadata
      const names = expanded.nodes.map(node => node.name)
      const addresses = await planAddresses(names, testnetFolder(root, name), usedHosts(root, name))
      const result = plan(expanded, addresses)
      const format = options.output ?? 'table'
      if (format === 'json' || format === 'yaml') return terminal.out(encode(result, format))
      terminal.out(planText(result, { wide: format === 'wide', columns: terminal.columns }))
    })
}
