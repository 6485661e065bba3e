// trellis plan FILE: what `up` would create, before anything is; in a cluster also what it would change.
import type { Command } from 'commander'
import { planAddresses } from '../../operator/local/addresses.ts'
import { usedHosts } from '../../operator/local/provision.ts'
import { stateRoot, testnetFolder } from '../../operator/local/state-folder.ts'
import { expand } from '../../operator/testnet/expand.ts'
import { readTestnet, readTestnetFile } from '../documents.ts'
import { type Plan, plan } from '../model/plan.ts'
import { encode, type Format, outputOption } from '../output.ts'
import type { Cluster } from '../source/cluster/connect.ts'
import type { Terminal } from '../terminal.ts'
import { planText } from '../views/plan.ts'
import { addPlaceOptions, clusterOf, type PlaceOptions } from './place.ts'

interface PlanOptions extends PlaceOptions {
  readonly name?: string
  readonly output?: Format
}

interface Planned {
  readonly plan: Plan
  readonly notes: readonly string[]
}

export function addPlan(program: Command, terminal: Terminal): void {
  addPlaceOptions(
    program
      .command('plan <file>')
      .summary('what `up` would create or change')
      .description('what `up` would create or change: nodes, regions, addresses, latency, objects of a cluster'),
  )
    .option('--name <name>', 'as with `up`')
    .addOption(outputOption(['table', 'wide', 'yaml', 'json']))
    .action(async (file: string, options: PlanOptions) => {
      const cluster = await clusterOf(options, terminal)
      const { plan: result, notes } = cluster
        ? await planInCluster(file, options, cluster, terminal)
        : await planHere(file, options, terminal)
      const format = options.output ?? 'table'
      if (format === 'json' || format === 'yaml') terminal.out(encode(result, format))
      else terminal.out(planText(result, { wide: format === 'wide', columns: terminal.columns }))
      for (const note of notes) terminal.err(note)
    })
}

async function planHere(file: string, { name: otherName }: PlanOptions, terminal: Terminal): Promise<Planned> {
  const testnet = readTestnet(file, otherName)
  const expanded = expand(testnet)
  const root = stateRoot(terminal.env)
  const { name } = testnet.metadata
  const names = expanded.nodes.map(node => node.name)
  const addresses = await planAddresses(names, testnetFolder(root, name), usedHosts(root, name))
  return { plan: plan(expanded, addresses), notes: [] }
}

async function planInCluster(
  file: string,
  { name }: PlanOptions,
  cluster: Cluster,
  terminal: Terminal,
): Promise<Planned> {
  const { planAhead } = await import('../source/cluster/plan-ahead.ts')
  const { podAddresses } = await import('../source/cluster/pod-addresses.ts')
  try {
    const { testnet, written } = readTestnetFile(file, name)
    const { objects, notes } = await planAhead(cluster, written, terminal.env, new AbortController().signal)
    const expanded = expand(testnet)
    return { plan: { ...plan(expanded, podAddresses(expanded, cluster.namespace)), objects }, notes }
  } finally {
    cluster.close()
  }
}
