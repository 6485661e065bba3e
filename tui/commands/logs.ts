// trellis logs [NAME] [NODE]: what nodes said last, or go on saying with --follow.
import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { tailLog } from '../../operator/local/log-file.ts'
import { followLogs } from '../../operator/local/log-follow.ts'
import { nodeLogFile, stateRoot, supervisorLog } from '../../operator/local/state-folder.ts'
import { chooseTestnet, type LocalTestnet, listTestnets, nearestOf } from '../../operator/local/testnets.ts'
import { UsageError } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'

const MAX_TAIL = 100_000
const SUPERVISOR = 'supervisor'

export function addLogs(program: Command, terminal: Terminal): void {
  program
    .command('logs [name] [node]')
    .description('what the nodes say; NODE is one of them, or `supervisor`')
    .option('-n, --tail <lines>', 'lines of each node', parseLines, 20)
    .option('-f, --follow', 'go on until Ctrl-C')
    .action((name: string | undefined, node: string | undefined, options: { tail: number; follow?: boolean }) =>
      logs(name, node, options, terminal),
    )
}

async function logs(
  first: string | undefined,
  second: string | undefined,
  options: { tail: number; follow?: boolean },
  terminal: Terminal,
): Promise<void> {
  const root = stateRoot(terminal.env)
  // With one testnet running its name may be left out: then the only argument is the node's.
  const isTestnet = first === undefined || listTestnets(root).some(testnet => testnet.name === first)
  const only = !isTestnet && second === undefined ? onlyTestnetWith(root, first) : undefined
  const testnet = only ?? chooseTestnet(root, first)
  const files = logFiles(testnet, only ? first : second)
  const prefix = (label: string): string => (files.length > 1 ? `${terminal.paint('accent', label)} ` : '')
  for (const { label, path } of files) {
    for (const line of tailLog(path, options.tail)) terminal.out(prefix(label) + line)
  }
  if (!options.follow) return
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  await followLogs(files, stop.signal, (label, line) => terminal.out(prefix(label) + line))
}

function onlyTestnetWith(root: string, node: string): LocalTestnet | undefined {
  const [only, ...others] = listTestnets(root).filter(testnet => testnet.standing === 'running')
  return others.length === 0 && only?.record?.nodes.some(({ name }) => name === node) ? only : undefined
}

function logFiles(testnet: LocalTestnet, node: string | undefined): { label: string; path: string }[] {
  const names = testnet.record?.nodes.map(({ name }) => name) ?? []
  if (node === SUPERVISOR) return [{ label: SUPERVISOR, path: supervisorLog(testnet.folder) }]
  if (node !== undefined && !names.includes(node)) {
    const nearest = nearestOf(node, [...names, SUPERVISOR])
    throw new UsageError(
      `${testnet.name} has no node ${node}`,
      nearest ? `did you mean ${nearest}?` : `see \`trellis nodes ${testnet.name}\``,
    )
  }
  return (node === undefined ? names : [node]).map(name => ({ label: name, path: nodeLogFile(testnet.folder, name) }))
}

function parseLines(text: string): number {
  const lines = Number(text)
  if (!Number.isInteger(lines) || lines < 0 || lines > MAX_TAIL) {
    throw new InvalidArgumentError(`Expected a number of lines from 0 to ${MAX_TAIL}.`)
  }
  return lines
}
