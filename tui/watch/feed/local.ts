// Testnets of this machine: the supervisors' records, and the nodes asked themselves.
import { statSync } from 'node:fs'
import { followEvents } from '../../../operator/kubernetes/read-api/node-http.ts'
import { tailLog } from '../../../operator/local/log-file.ts'
import type { NodeRecord, TestnetRecord } from '../../../operator/local/record.ts'
import { nodeLogFile, recordFile, testnetFolder } from '../../../operator/local/state-folder.ts'
import { findTestnet, type LocalTestnet, listTestnets } from '../../../operator/local/testnets.ts'
import { conditions, finalityLag, type Observation } from '../../../operator/testnet/convergence.ts'
import { nodeRows } from '../../model/node-rows.ts'
import { summarize, type TestnetReport } from '../../model/testnet-summary.ts'
import { observe } from '../../source/node-status.ts'
import { type Focus, fewest, type WatchedNode } from '../model/picture.ts'
import { type Feed, type OnFeed, pause, repeat } from './feed.ts'
import { localExperiments } from './local-experiments.ts'
import { type NodeAddress, peersOf, watchedBlocks } from './node-reads.ts'

const ROUND_MS = 500
const LIST_MS = 2_000
const DETAIL_MS = 1_000
const LOG_LINES = 400
/** Nodes whose events are followed; one stream each. */
export const MAX_FOLLOWED = 64
const RETRY_MS = 1_000
/** Growth is judged against a picture at least so many blocks old. */
const GROWTH_BLOCKS = 3
const MIN_GROWTH_MS = 2_000
const MAX_HISTORY = 64

export function localFeed(root: string, tell: OnFeed): Feed {
  let ended = new AbortController()
  let detailEnded = new AbortController()
  let watched: WatchedTestnet | undefined
  let focus: Focus | undefined
  return {
    look: next => {
      // What is remembered of a testnet stays as long as it is looked at, whatever the view.
      if (focus === undefined || next.testnet !== focus.testnet) {
        ended.abort()
        ended = new AbortController()
        watched = next.testnet === undefined ? undefined : new WatchedTestnet(root, next.testnet)
        follow(root, watched, () => focus?.blocks === true, tell, ended.signal)
      }
      focus = next
      detailEnded.abort()
      detailEnded = new AbortController()
      if (watched && next.node !== undefined) followNode(watched, next.node, tell, detailEnded.signal)
    },
    close: () => {
      ended.abort()
      detailEnded.abort()
    },
  }
}

function follow(
  root: string,
  testnet: WatchedTestnet | undefined,
  withBlocks: () => boolean,
  tellAll: OnFeed,
  signal: AbortSignal,
): void {
  const tell = until(signal, tellAll)
  const lost = (error: Error): void => tell({ kind: 'lost', at: Date.now(), reason: error.message })
  if (testnet === undefined) {
    void repeat(LIST_MS, signal, () => list(root, tell), lost)
    return
  }
  void repeat(ROUND_MS, signal, () => round(testnet, withBlocks, tell, signal), lost)
  void repeat(
    4 * LIST_MS,
    signal,
    () => list(root, tell, testnet),
    () => {},
  )
}

function followNode(testnet: WatchedTestnet, node: string, tellAll: OnFeed, signal: AbortSignal): void {
  const tell = until(signal, tellAll)
  void repeat(
    DETAIL_MS,
    signal,
    () => detail(testnet, node, tell, signal),
    () => {},
  )
}

/** A round that was under way when the view changed says nothing to the next one. */
const until =
  (signal: AbortSignal, tell: OnFeed): OnFeed =>
  event => {
    if (!signal.aborted) tell(event)
  }

/** `watched`: asked already, round by round. */
async function list(root: string, tell: OnFeed, watched?: WatchedTestnet): Promise<void> {
  const found = listTestnets(root)
  const reports = await Promise.all(
    found.map(async (testnet): Promise<TestnetReport> => {
      if (testnet.name === watched?.name && watched.report) return watched.report
      const asked = testnet.standing === 'running' ? await observe(testnet.record?.nodes ?? []) : undefined
      return { ...summarize(testnet, asked, Date.now()), conditions: [] }
    }),
  )
  const note = 'no testnet runs on this machine; start one with `trellis up FILE`'
  tell({ kind: 'testnets', at: Date.now(), reports, note })
}

/** What is remembered of a testnet from round to round. */
class WatchedTestnet {
  readonly root: string
  readonly name: string
  /** Observations, oldest first. */
  readonly history: Observation[] = []
  readonly followed = new Set<string>()
  /** Of the last round. */
  report: TestnetReport | undefined
  #read: { readonly stamp: string; readonly found: LocalTestnet | undefined } = { stamp: '', found: undefined }

  constructor(root: string, name: string) {
    this.root = root
    this.name = name
  }

  get folder(): string {
    return testnetFolder(this.root, this.name)
  }

  /** Its record, read again only when it was written. @throws Error why there is nothing to watch */
  running({ anew = false } = {}): { readonly testnet: LocalTestnet; readonly record: TestnetRecord } {
    const stat = statSync(recordFile(this.folder), { throwIfNoEntry: false })
    const stamp = `${stat?.mtimeMs} ${stat?.size} ${stat?.ino}`
    // Whether its supervisor lives is asked every time once it was found dead.
    const known = !anew && this.#read?.stamp === stamp && this.#read.found?.standing === 'running'
    if (!known || this.#turn++ % STANDING_ROUNDS === 0) this.#read = { stamp, found: findTestnet(this.root, this.name) }
    const { found } = this.#read
    if (!found) throw new Error(`there is no testnet ${this.name} on this machine`)
    if (found.standing === 'dead')
      throw new Error(`the supervisor of ${this.name} is gone: \`trellis down ${this.name}\``)
    if (found.standing === 'stopped' || !found.record) throw new Error(`${this.name} does not run: \`trellis up FILE\``)
    return { testnet: found, record: found.record }
  }
  #turn = 0

  /** The observation that growth is judged against. */
  earlier(now: Observation, blockIntervalMs: number): Observation | undefined {
    const before = now.at - Math.max(MIN_GROWTH_MS, GROWTH_BLOCKS * blockIntervalMs)
    const found = this.history.findLast(({ at }) => at <= before)
    this.history.push(now)
    if (this.history.length > MAX_HISTORY) this.history.shift()
    return found
  }
}
const STANDING_ROUNDS = 4

async function round(
  watched: WatchedTestnet,
  withBlocks: () => boolean,
  tell: OnFeed,
  signal: AbortSignal,
): Promise<void> {
  const { testnet, record } = watched.running()
  const now = await observe(record.nodes)
  // Nobody answers any more: is there a testnet at all? What was seen last is worth more than a picture of silence.
  if ([...now.nodes.values()].every(status => status === null)) watched.running({ anew: true })
  const { blockIntervalMs, checkpointInterval } = record.chain
  const earlier = watched.earlier(now, blockIntervalMs)
  const found = conditions(now, earlier ?? watched.history[0], finalityLag(checkpointInterval))
  const report = { ...summarize(testnet, now, now.at), conditions: found }
  watched.report = report
  const experiments = localExperiments(watched.folder, watched.name)
  tell({ kind: 'testnet', picture: { at: now.at, report, nodes: watchedNodes(record.nodes, now), experiments } })
  followNodes(watched, record, tell, signal)
  if (withBlocks()) {
    const of = (name: string): NodeAddress | undefined => record.nodes.find(node => node.name === name)?.address
    const heads = report.heads.flatMap(({ hash, members }) => {
      const address = members[0] === undefined ? undefined : of(members[0])
      return address ? [{ hash, address }] : []
    })
    const blocks = await watchedBlocks(heads, signal)
    if (blocks.length > 0) tell({ kind: 'blocks', at: Date.now(), testnet: watched.name, blocks })
  }
}

function watchedNodes(records: readonly NodeRecord[], { nodes }: Observation): WatchedNode[] {
  return nodeRows(records, nodes).map(row => {
    const status = nodes.get(row.name)
    return {
      ...row,
      mesh: fewest(row.meshes),
      stack: status?.stack ?? null,
      version: status?.version ?? null,
      justified: status?.justified ?? null,
    }
  })
}

/** Starts to follow nodes that are new. */
function followNodes(watched: WatchedTestnet, record: TestnetRecord, tell: OnFeed, signal: AbortSignal): void {
  for (const { name, address } of record.nodes.slice(0, MAX_FOLLOWED)) {
    if (watched.followed.has(name)) continue
    watched.followed.add(name)
    void (async () => {
      while (!signal.aborted) {
        const onEvent = (event: Parameters<Parameters<typeof followEvents>[2]>[0]): void =>
          tell({ kind: 'node-event', testnet: watched.name, node: name, event })
        await followEvents(`http://${address.host}:${address.http}`, signal, onEvent)
        await pause(RETRY_MS, signal)
      }
    })()
  }
}

async function detail(watched: WatchedTestnet, node: string, tell: OnFeed, signal: AbortSignal): Promise<void> {
  const { record } = watched.running()
  const address = record.nodes.find(({ name }) => name === node)?.address
  const log = tailLog(nodeLogFile(watched.folder, node), LOG_LINES)
  const answer = address ? await peersOf(address, signal) : { peers: [], error: `there is no node ${node}` }
  tell({ kind: 'detail', detail: { at: Date.now(), node, peers: answer.peers, peersError: answer.error, log } })
}
