// The archive of a testnet of this machine: its files, and what its nodes still tell. Works without a supervisor, and with
// nodes that are dead.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type NodeRecord, readRecord, type TestnetRecord } from '../../operator/local/record.ts'
import {
  controlFile,
  experimentFile,
  nodeConfigFile,
  nodeLogFile,
  progressFile,
  readJson,
  supervisorLog,
} from '../../operator/local/state-folder.ts'
import type { LocalTestnet } from '../../operator/local/testnets.ts'
import { nodeRows } from '../model/node-rows.ts'
import { summarize } from '../model/testnet-summary.ts'
import { observe } from '../source/node-status.ts'
import type { Archive } from './archive.ts'
import { chooseNodes } from './choose-nodes.ts'
import { secretsIn } from './emptying.ts'
import { inParallel } from './in-parallel.ts'
import { ANSWER_WITHIN_MS, MAX_AT_ONCE, MAX_FILE_BYTES, MAX_LOG_BYTES, MAX_NODES } from './limits.ts'
import { type Ask, addAnswers, readUntilQuiet } from './node-answers.ts'

/** Fills the archive; what cannot be got is noted in it. */
export async function dumpLocal(
  testnet: LocalTestnet,
  archive: Archive,
  onProgress: (text: string) => void,
): Promise<void> {
  const { folder } = testnet
  const record = testnet.record ?? attempt(archive, 'testnet.json', () => readRecord(folder))
  const nodes = record?.nodes ?? []
  const configs = new Map<string, unknown>()
  // Everybody's secrets first: one node's log may tell another one's.
  learn(
    archive,
    attempt(archive, 'control.json', () => readJson(controlFile(folder))),
  )
  learn(archive, record)
  for (const { name } of nodes) {
    const config = attempt(archive, `nodes/${name}/config.json`, () => readJson(nodeConfigFile(folder, name)))
    learn(archive, config)
    configs.set(name, config)
  }

  if (record) {
    archive.value('testnet.yaml', record.testnet)
    archive.value('record.json', { ...record, testnet: undefined })
  } else archive.lacks('testnet.yaml', 'there is no record of the testnet')
  addJson(archive, 'experiment.json', experimentFile(folder))
  addJson(archive, 'progress.json', progressFile(folder))
  addLog(archive, 'supervisor.log', supervisorLog(folder))
  await addPicture(testnet, record, archive)

  const chosen = chooseNodes(nodes, MAX_NODES)
  if (chosen.length < nodes.length)
    archive.leftOut('nodes', `${chosen.length} of ${nodes.length} are here with their files, all in nodes.json`)
  let done = 0
  await inParallel(chosen, MAX_AT_ONCE, async node => {
    onProgress(`node ${++done} of ${chosen.length}: ${node.name}`)
    const config = configs.get(node.name)
    if (config !== undefined) archive.value(`nodes/${node.name}/config.json`, config)
    const log = nodeLogFile(folder, node.name)
    addLog(archive, `nodes/${node.name}/node.log`, log)
    addLog(archive, `nodes/${node.name}/node.log.1`, `${log}.1`)
    await addAnswers(archive, `nodes/${node.name}`, askNode(node), { streams: true })
  })
}

async function addPicture(testnet: LocalTestnet, record: TestnetRecord | undefined, archive: Archive): Promise<void> {
  const observation = await observe(record?.nodes ?? [])
  archive.value('status.json', summarize(testnet, observation, Date.now()))
  archive.value('nodes.json', nodeRows(record?.nodes ?? [], observation.nodes))
}

const askNode =
  ({ address: { host, http } }: NodeRecord): Ask =>
  async path => {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)), ANSWER_WITHIN_MS)
    try {
      const answer = await fetch(`http://${host}:${http}${path}`, { signal: limit.signal })
      const text = answer.body ? await readUntilQuiet(answer.body, MAX_FILE_BYTES) : ''
      if (!answer.ok) throw new Error(`the node answers ${answer.status}`)
      return text
    } catch (error) {
      // fetch hides what happened behind "fetch failed".
      const { cause } = error as { cause?: unknown }
      throw cause instanceof Error ? cause : error
    } finally {
      clearTimeout(timer)
      limit.abort()
    }
  }

const learn = (archive: Archive, value: unknown): void => archive.emptier.learn(secretsIn(value))

function attempt<T>(archive: Archive, what: string, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    archive.lacks(what, error)
    return undefined
  }
}

function addJson(archive: Archive, name: string, path: string): void {
  const value = attempt(archive, name, () => readJson(path))
  if (value !== undefined) archive.value(name, value)
}

/** The end of a log file; nothing when there is none. */
function addLog(archive: Archive, name: string, path: string): void {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') archive.lacks(name, error)
    return
  }
  try {
    const { size } = fstatSync(fd)
    const buffer = Buffer.alloc(Math.min(size, MAX_LOG_BYTES))
    const read = readSync(fd, buffer, 0, buffer.length, size - buffer.length)
    archive.log(name, buffer.subarray(0, read).toString('utf8'), size)
  } catch (error) {
    archive.lacks(name, error)
  } finally {
    closeSync(fd)
  }
}
