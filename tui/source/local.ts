// Testnets on this machine: what their supervisors record, what their nodes tell, what their log files hold.
import { tailLog } from '../../operator/local/log-file.ts'
import { followLogs } from '../../operator/local/log-follow.ts'
import { nodeLogFile, supervisorLog } from '../../operator/local/state-folder.ts'
import { takeDown } from '../../operator/local/take-down.ts'
import { chooseTestnet, type LocalTestnet, listTestnets, nearestOf } from '../../operator/local/testnets.ts'
import { conditions, finalityLag, type Observation } from '../../operator/testnet/convergence.ts'
import { UsageError } from '../exit-codes.ts'
import { nodeRows } from '../model/node-rows.ts'
import { summarize, type TestnetReport } from '../model/testnet-summary.ts'
import { observe } from './node-status.ts'
import type { TestnetSource, Told } from './source.ts'

/** Growth is seen over so many block intervals, within these bounds. */
const WATCH_BLOCKS = 2
const MIN_WATCH_MS = 200
const MAX_WATCH_MS = 3_000
const SUPERVISOR = 'supervisor'

export function localSource(root: string): TestnetSource {
  return {
    reports: async (name): Promise<Told<TestnetReport[]>> => {
      const testnets = name === undefined ? listTestnets(root) : [chooseTestnet(root, name)]
      const value = await Promise.all(
        testnets.map(testnet => report(testnet, name !== undefined || testnets.length === 1)),
      )
      const none = 'no testnet runs on this machine; start one with `trellis up FILE`'
      return { value, notes: testnets.length === 0 ? [none] : testnets.flatMap(deadNote) }
    },
    nodes: async name => {
      const testnet = chooseTestnet(root, name)
      const nodes = testnet.record?.nodes ?? []
      const observation = await observe(testnet.standing === 'running' ? nodes : [])
      return { value: nodeRows(nodes, observation.nodes), notes: deadNote(testnet) }
    },
    logs: async ({ names: [first, second], tail, follow }, onLine, signal) => {
      // With one testnet running its name may be left out: then the only argument is the node's.
      const isTestnet = first === undefined || listTestnets(root).some(testnet => testnet.name === first)
      const only = !isTestnet && second === undefined ? onlyTestnetWith(root, first) : undefined
      const files = logFiles(only ?? chooseTestnet(root, first), only ? first : second)
      const labelled = (label: string): string | undefined => (files.length > 1 ? label : undefined)
      for (const { label, path } of files) for (const line of tailLog(path, tail)) onLine(labelled(label), line)
      if (follow) await followLogs(files, signal, (label, line) => onLine(labelled(label), line))
      return []
    },
    down: async ({ name, keepData }, onProgress) => {
      const testnet = chooseTestnet(root, name)
      const { orphans } = await takeDown(testnet, keepData, onProgress)
      const rest = orphans > 0 ? ` (${orphans} node processes had lost their supervisor)` : ''
      return `${testnet.name} is down${keepData ? `, its data is kept in ${testnet.folder}` : ''}${rest}`
    },
    close: () => {},
  }
}

const deadNote = ({ name, standing }: LocalTestnet): string[] =>
  standing === 'dead' ? [`the supervisor of ${name} is gone; clear up with \`trellis down ${name}\``] : []

async function report(testnet: LocalTestnet, watchGrowth: boolean): Promise<TestnetReport> {
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
