// Testnets of a cluster: their objects and experiments by watch of the API server, their nodes by the operator's stream.
import { experiments, type StoredExperiment, testnetOf } from '../../../operator/kubernetes/chaos/stored-experiment.ts'
import { testnets } from '../../../operator/kubernetes/testnet/stored-testnet.ts'
import { clusterReport } from '../../model/cluster-report.ts'
import { clusterRow, inOrder } from '../../model/experiment-rows.ts'
import type { Cluster } from '../../source/cluster/connect.ts'
import { podLogs } from '../../source/cluster/pod-logs.ts'
import { ReadApiClient } from '../../source/cluster/read-api.ts'
import { chooseTestnet } from '../../source/cluster/testnet-objects.ts'
import { WatchedObjects } from '../../source/cluster/watched-objects.ts'
import type { Focus } from '../model/picture.ts'
import { nameOf } from '../model/state.ts'
import { ClusterTestnet } from './cluster-testnet.ts'
import { type Feed, type OnFeed, repeat } from './feed.ts'

/** Pictures are told at most so often, and again when nothing changed, because faults count down. */
const MIN_TELL_MS = 250
const TELL_MS = 1_000
const PEERS_MS = 1_000
const LOG_MS = 3_000
const LOG_LINES = 400

interface Session {
  readonly key: string
  readonly testnet: ClusterTestnet
  readonly ended: AbortController
}

/** Closes the cluster with itself. */
export function clusterFeed(cluster: Cluster, env: NodeJS.ProcessEnv, tellAll: OnFeed): Feed {
  const closed = new AbortController()
  const tell: OnFeed = event => {
    if (!closed.signal.aborted) tellAll(event)
  }
  const operator = new ReadApiClient(cluster, env)
  let focus: Focus = { testnet: undefined, node: undefined, blocks: false }
  let session: Session | undefined
  let detail = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const change = (): void => {
    timer ??= setTimeout(turn, MIN_TELL_MS)
  }
  const stored = new WatchedObjects(cluster, testnets, closed.signal, change)
  const chaos = new WatchedObjects(cluster, experiments, closed.signal, change)

  function turn(): void {
    timer = undefined
    const at = Date.now()
    const { broken, known } = stored
    if (known && broken === undefined) {
      const reports = stored
        .list()
        .map(each => ({ ...clusterReport(each, undefined, cluster.context, at), conditions: [] }))
      const note = `no testnet runs ${cluster.place}; start one with ${cluster.command('up FILE')}`
      tell({ kind: 'testnets', at, reports, note })
    }
    const reason = broken === undefined ? undefined : `the API server: ${broken}`
    if (session) tellSession(session, reason, at)
    else if (reason !== undefined) tell({ kind: 'lost', at, reason })
  }

  /** `reason`: why the API server gives nothing. */
  function tellSession({ key, testnet }: Session, reason: string | undefined, at: number): void {
    const name = { namespace: cluster.namespace, name: nameOf(key) }
    const object = stored.get(name)
    const isGone = stored.known && reason === undefined && object === undefined
    const lost = isGone ? `there is no testnet ${name.name} ${cluster.place}` : testnet.lost
    const picture = lost === undefined ? testnet.picture(object, ofTestnet(chaos.list(), name.name), at) : undefined
    if (!picture) {
      const why = lost ?? reason
      if (why !== undefined) tell({ kind: 'lost', at, reason: why })
      return
    }
    tell({ kind: 'testnet', picture })
    const blocks = focus.blocks ? testnet.blocks(picture.report.finalized) : []
    if (blocks.length > 0) tell({ kind: 'blocks', at, testnet: key, blocks })
  }

  const ticks = setInterval(change, TELL_MS)
  return {
    look: next => {
      focus = next
      if (next.testnet !== session?.key) {
        session?.ended.abort()
        session = undefined
        if (next.testnet !== undefined) {
          const ended = new AbortController()
          const signal = AbortSignal.any([closed.signal, ended.signal])
          const { namespace } = cluster
          const name = nameOf(next.testnet)
          const testnet = new ClusterTestnet({ cluster, operator, namespace, name, signal, tell, onChange: change })
          session = { key: next.testnet, testnet, ended }
        }
      }
      detail.abort()
      detail = new AbortController()
      if (next.testnet !== undefined && next.node !== undefined)
        followNode(
          cluster,
          operator,
          nameOf(next.testnet),
          next.node,
          tell,
          AbortSignal.any([closed.signal, detail.signal]),
        )
      change()
    },
    close: () => {
      clearInterval(ticks)
      clearTimeout(timer)
      session?.ended.abort()
      detail.abort()
      closed.abort()
      cluster.close()
    },
  }
}

/** Those that run first. */
function ofTestnet(all: readonly StoredExperiment[], testnet: string): StoredExperiment[] {
  const own = new Map(all.filter(each => testnetOf(each) === testnet).map(each => [each.metadata.name, each]))
  return inOrder([...own.values()].map(each => clusterRow(each, Date.now()))).flatMap(({ name }) => own.get(name) ?? [])
}

/** Its peers, out of the operator, and its log, out of its pod. */
function followNode(
  cluster: Cluster,
  operator: ReadApiClient,
  testnet: string,
  node: string,
  tell: OnFeed,
  signal: AbortSignal,
): void {
  let log: readonly string[] = []
  const readLog = async (): Promise<void> => {
    const lines: string[] = []
    const stored = await chooseTestnet(cluster, testnet, signal)
    const notes = await podLogs(
      cluster,
      stored,
      { node, tail: LOG_LINES, follow: false },
      (_label, line) => lines.push(line),
      signal,
    )
    log = [...lines, ...notes]
  }
  const readPeers = async (): Promise<void> => {
    const detail = { at: Date.now(), node, log }
    try {
      const peers = await operator.peers({ namespace: cluster.namespace, name: testnet }, node, signal)
      if (!signal.aborted) tell({ kind: 'detail', detail: { ...detail, peers, peersError: '' } })
    } catch (error) {
      const peersError = `the operator ${(error as Error).message}`
      if (!signal.aborted) tell({ kind: 'detail', detail: { ...detail, peers: [], peersError } })
    }
  }
  void repeat(LOG_MS, signal, readLog, error => {
    log = [`no log: ${error.message}`]
  })
  void repeat(PEERS_MS, signal, readPeers, () => {})
}
