// trellis up FILE: runs a Testnet on this machine until Ctrl-C, or behind the shell with --detach.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Testnet } from '../../api/testnet.ts'
import { superviseDetached } from '../../operator/local/detach.ts'
import { nodeProgram } from '../../operator/local/program.ts'
import { type Provisioned, provision } from '../../operator/local/provision.ts'
import type { TestnetRecord } from '../../operator/local/record.ts'
import { stateRoot, targetsFile } from '../../operator/local/state-folder.ts'
import { supervise } from '../../operator/local/supervise.ts'
import { takeDown } from '../../operator/local/take-down.ts'
import { findTestnet } from '../../operator/local/testnets.ts'
import { readTestnet } from '../documents.ts'
import type { SetExit } from '../exit-codes.ts'
import { exitCode } from '../exit-codes.ts'
import { listenForInterrupts } from '../interrupts.ts'
import { nodeRows } from '../model/node-rows.ts'
import { startLine } from '../model/start-line.ts'
import { stderrProgress } from '../progress.ts'
import { observe } from '../source/node-status.ts'
import type { Terminal } from '../terminal.ts'
import { nodeTable } from '../views/nodes.ts'
import { addPlaceOptions, clusterOf, type PlaceOptions } from './place.ts'
import { parseSeconds } from './seconds.ts'

/** Time for all nodes to be ready: a fixed part and one for each, as they share the machine's cores. */
const READY_BASE_MS = 30_000
const READY_PER_NODE_MS = 1_000

interface UpOptions extends PlaceOptions {
  readonly detach?: boolean
  readonly name?: string
  readonly timeout?: number
  readonly forceConflicts?: boolean
}

export function addUp(program: Command, terminal: Terminal, setExit: SetExit): void {
  addPlaceOptions(program.command('up <file>').description('run a Testnet, on this machine or in a cluster'))
    .option('-d, --detach', 'return once all nodes are ready (in a cluster: at once); `trellis down` ends the testnet')
    .option('--name <name>', 'run it under another name')
    .option('--timeout <seconds>', 'how long the nodes may take to get ready', parseSeconds)
    .option('--force-conflicts', 'in a cluster: take over fields that somebody else set')
    .action((file: string, options: UpOptions) => up(file, options, terminal, setExit))
}

async function up(file: string, options: UpOptions, terminal: Terminal, setExit: SetExit): Promise<void> {
  const cluster = await clusterOf(options, terminal)
  if (cluster) {
    const { upInCluster } = await import('./up-in-cluster.ts')
    return await upInCluster(file, options, cluster, terminal)
  }
  const testnet = readTestnet(file, options.name)
  const root = stateRoot(terminal.env)
  const program = nodeProgram(terminal.env)
  const progress = stderrProgress(terminal.live)
  const interrupts = listenForInterrupts(() => progress.line('stopping; Ctrl-C again does not wait for the nodes'))
  try {
    const provisioned = await provision({ root, testnet, file: resolve(file), program })
    const { name } = testnet.metadata
    if (provisioned.resumed) progress.line(`${name} goes on from the data in ${provisioned.folder}`)
    const readyTimeoutMs = options.timeout ?? READY_BASE_MS + READY_PER_NODE_MS * provisioned.record.nodes.length
    const show = (record: TestnetRecord): void => progress.update(startLine(record))
    if (options.detach) {
      const record = await runDetached(root, testnet, provisioned, readyTimeoutMs, interrupts.stop, show)
      await showReady(record, terminal, () => progress.clear())
      terminal.err(metricsLine(provisioned.folder))
      terminal.err(`${name} runs; \`trellis status ${name}\` shows how it is, \`trellis down ${name}\` ends it`)
      return
    }
    let ready = false
    const told = new Map<string, string>()
    const by = await supervise({
      root,
      name,
      readyTimeoutMs,
      stop: interrupts.stop,
      force: interrupts.force,
      onChange: record => {
        if (interrupts.stop.aborted) return
        if (ready) tellTroubles(record, told, line => terminal.err(line))
        else show(record)
      },
      onReady: record => {
        ready = true
        void showReady(record, terminal, () => progress.clear()).then(() => {
          terminal.err(metricsLine(provisioned.folder))
          terminal.err(`${name} runs until Ctrl-C; in another terminal \`trellis status ${name}\` shows how it is`)
        })
      },
      warn: message => progress.line(message),
    })
    progress.clear()
    if (by === 'request') terminal.err(`${name} was taken down by \`trellis down\``)
    else terminal.err(by === 'ttl' ? `${name} is down: its ttl is over` : `${name} is down`)
    if (!ready) setExit(exitCode.interrupted)
  } finally {
    progress.clear()
    interrupts.release()
  }
}

const metricsLine = (folder: string): string => `Prometheus finds its metrics by ${targetsFile(folder)} (file_sd)`

async function runDetached(
  root: string,
  testnet: Testnet,
  { folder, resumed }: Provisioned,
  readyTimeoutMs: number,
  stop: AbortSignal,
  onChange: (record: TestnetRecord) => void,
): Promise<TestnetRecord> {
  const { name } = testnet.metadata
  const entry = resolve(process.argv[1] ?? '')
  const command = [process.execPath, entry, 'supervise', name, '--ready-timeout', String(readyTimeoutMs)]
  try {
    return await superviseDetached(command, folder, stop, onChange)
  } catch (error) {
    // It cleans up itself unless it was killed, perhaps before it took over from this process.
    const left = findTestnet(root, name)
    if (left === undefined) throw error
    const isOurs = left.record?.supervisor?.pid === process.pid
    const orphaned = isOurs && left.record ? { ...left, record: { ...left.record, supervisor: null } } : left
    if (isOurs || left.standing === 'dead') await takeDown(orphaned, resumed, () => {})
    throw error
  }
}

async function showReady(record: TestnetRecord, terminal: Terminal, before: () => void): Promise<void> {
  const observation = await observe(record.nodes)
  before()
  const rows = nodeRows(record.nodes, observation.nodes)
  terminal.out(nodeTable(rows, { wide: false, columns: terminal.columns, paint: terminal.paint }))
}

/** One line when a node crashes, is given up or is back. */
function tellTroubles(record: TestnetRecord, told: Map<string, string>, tell: (line: string) => void): void {
  for (const { name, state, reason } of record.nodes) {
    const now =
      state === 'waiting' || state === 'failed'
        ? `${name} ${state === 'failed' ? 'is given up' : 'starts again'}: ${reason}`
        : state === 'ready'
          ? ''
          : undefined
    if (now === undefined || (told.get(name) ?? '') === now) continue
    told.set(name, now)
    tell(now === '' ? `${name} is ready again` : now)
  }
}
