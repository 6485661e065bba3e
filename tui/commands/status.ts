// trellis status [NAME]: one line a testnet; with a name (or only one testnet) its conditions and heads.
import type { Command } from 'commander'
import { stateRoot } from '../../operator/local/state-folder.ts'
import { chooseTestnet, type LocalTestnet, listTestnets } from '../../operator/local/testnets.ts'
import { type Condition, conditions, finalityLag, type Observation } from '../../operator/testnet/convergence.ts'
import { summarize, type TestnetSummary } from '../model/testnet-summary.ts'
import { encode, type Format, outputOption } from '../output.ts'
import { observe } from '../source/node-status.ts'
import type { Terminal } from '../terminal.ts'
import { conditionLines, testnetTable } from '../views/status.ts'

/** Growth is seen over so many block intervals, within these bounds. */
const WATCH_BLOCKS = 2
const MIN_WATCH_MS = 200
const MAX_WATCH_MS = 3_000

export function addStatus(program: Command, terminal: Terminal): void {
  program
    .command('status [name]')
    .description('how testnets on this machine are')
    .addOption(outputOption(['table', 'wide', 'json', 'yaml']))
    .action((name: string | undefined, options: { output?: Format }) =>
      status(name, options.output ?? 'table', terminal),
    )
}

interface Report extends TestnetSummary {
  readonly conditions: readonly Condition[]
}

async function status(name: string | undefined, format: Format, terminal: Terminal): Promise<void> {
  const root = stateRoot(terminal.env)
  const testnets = name === undefined ? listTestnets(root) : [chooseTestnet(root, name)]
  if (testnets.length === 0 && (format === 'table' || format === 'wide')) {
    terminal.err('no testnet runs on this machine; start one with `trellis up FILE`')
    return
  }
  const reports = await Promise.all(
    testnets.map(testnet => report(testnet, name !== undefined || testnets.length === 1)),
  )
  if (format === 'json' || format === 'yaml') return terminal.out(encode(reports, format))
  terminal.out(testnetTable(reports, { wide: format === 'wide', columns: terminal.columns }))
  const [only, ...others] = reports
  if (only && others.length === 0 && only.state !== 'dead' && only.state !== 'stopped') {
    terminal.out(`\n${conditionLines(only.conditions, only.heads, terminal.paint)}`)
  }
  for (const { name: dead } of reports.filter(({ state }) => state === 'dead')) {
    terminal.err(`the supervisor of ${dead} is gone; clear up with \`trellis down ${dead}\``)
  }
}

async function report(testnet: LocalTestnet, watchGrowth: boolean): Promise<Report> {
  const { record } = testnet
  if (record === undefined || testnet.standing !== 'running') {
    return { ...summarize(testnet, undefined, Date.now()), conditions: [] }
  }
  let earlier: Observation | undefined
  if (watchGrowth) {
    earlier = await observe(record.nodes)
    const watchMs = Math.min(MAX_WATCH_MS, Math.max(MIN_WATCH_MS, record.chain.blockIntervalMs * WATCH_BLOCKS))
    await new Promise(resolve => setTimeout(resolve, watchMs))
  }
  const now = await observe(record.nodes)
  return {
    ...summarize(testnet, now, Date.now()),
    conditions: conditions(now, earlier, finalityLag(record.chain.checkpointInterval)),
  }
}
