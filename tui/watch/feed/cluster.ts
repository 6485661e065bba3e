// Testnets of a cluster: what its API server and the operator's read API tell.

import type { NodeRow } from '../../model/node-rows.ts'
import type { TestnetSource } from '../../source/source.ts'
import type { Focus, WatchedNode } from '../model/picture.ts'
import { keyOf } from '../model/picture.ts'
import { nameOf } from '../model/state.ts'
import { type Feed, type OnFeed, repeat } from './feed.ts'

const ROUND_MS = 1_000
const LIST_MS = 5_000
const LOG_MS = 3_000
const LOG_LINES = 400

/** Closes the source with itself. */
export function clusterFeed(source: TestnetSource, tell: OnFeed): Feed {
  let ended = new AbortController()
  return {
    look: focus => {
      ended.abort()
      ended = new AbortController()
      follow(source, focus, tell, ended.signal)
    },
    close: () => {
      ended.abort()
      source.close()
    },
  }
}

function follow(source: TestnetSource, focus: Focus, tellAll: OnFeed, signal: AbortSignal): void {
  const tell: OnFeed = event => {
    if (!signal.aborted) tellAll(event)
  }
  const lost = (error: Error): void => tell({ kind: 'lost', at: Date.now(), reason: error.message })
  const list = async (): Promise<void> => {
    const { value, notes } = await source.reports(undefined)
    tell({ kind: 'testnets', at: Date.now(), reports: value, note: notes[0] ?? '' })
  }
  void repeat(LIST_MS, signal, list, focus.testnet === undefined ? lost : () => {})
  if (focus.testnet === undefined) return
  const name = nameOf(focus.testnet)
  const round = async (): Promise<void> => {
    const [reports, nodes] = await Promise.all([source.reports(name), source.nodes(name)])
    const report = reports.value.find(each => keyOf(each) === focus.testnet) ?? reports.value[0]
    if (!report) throw new Error(`there is no testnet ${name}`)
    const picture = { at: Date.now(), report, nodes: nodes.value.map(watchedNode), experiments: [] }
    tell({ kind: 'testnet', picture })
  }
  void repeat(ROUND_MS, signal, round, lost)
  const { node } = focus
  if (node !== undefined)
    void repeat(
      LOG_MS,
      signal,
      () => log(source, name, node, tell, signal),
      () => {},
    )
}

/** What the read API does not tell is null: the table leaves those columns empty. */
const watchedNode = (row: NodeRow): WatchedNode => ({
  ...row,
  mesh: null,
  meshes: null,
  sync: null,
  stack: null,
  version: null,
  startedAt: null,
  justified: null,
})

async function log(
  source: TestnetSource,
  testnet: string,
  node: string,
  tell: OnFeed,
  signal: AbortSignal,
): Promise<void> {
  const lines: string[] = []
  const request = { names: [testnet, node], tail: LOG_LINES, follow: false }
  await source.logs(request, (_label, line) => lines.push(line), signal)
  const peersError = 'peers of nodes in a cluster are not shown yet'
  tell({ kind: 'detail', detail: { at: Date.now(), node, peers: [], peersError, log: lines } })
}
