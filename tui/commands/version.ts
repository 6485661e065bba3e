// trellis version: this build and what it runs on.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { apiVersion } from '../../api/metadata.ts'
import { packageFolder } from '../../operator/local/program.ts'
import { encode, type Format, outputOption } from '../output.ts'
import type { Terminal } from '../terminal.ts'

export function version(): string {
  return (JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string }).version
}

export function addVersion(program: Command, terminal: Terminal): void {
  program
    .command('version')
    .description('the version of trellis, of Node and of the system')
    .addOption(outputOption(['table', 'json', 'yaml']))
    .action((options: { output?: Format }) => {
      const facts = {
        trellis: version(),
        api: apiVersion,
        node: process.versions.node,
        system: `${process.platform}-${process.arch}`,
      }
      if (options.output === 'json' || options.output === 'yaml') return terminal.out(encode(facts, options.output))
      terminal.out(`trellis ${facts.trellis} (Node ${facts.node}, ${facts.system})`)
    })
}
