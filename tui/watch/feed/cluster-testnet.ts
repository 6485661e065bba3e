// One testnet of a cluster: its operator's stream while there is one, else what its pods alone tell.
import type { HeadView } from '../../../api/read-api.ts'
import type { StoredExperiment } from '../../../operator/kubernetes/chaos/stored-experiment.ts'
import type { StoredTestnet } from '../../../operator/kubernetes/testnet/world.ts'
import { clusterReport } from '../../model/cluster-report.ts'
import { type NodeRow, podRows } from '../../model/node-rows.ts'
import type { Cluster } from '../../source/cluster/connect.ts'
import { nodesFromPods } from '../../source/cluster/nodes-from-pods.ts'
import { OperatorSilent, type ReadApiClient } from '../../source/cluster/read-api.ts'
import { clusterExperiment } from '../model/cluster-experiment.ts'
import { HeardBlocks } from '../model/heard-blocks.ts'
import { fewest, type TestnetPicture, type WatchedBlock, type WatchedNode } from '../model/picture.ts'
import { frameOf, nothingTold, type ToldTestnet, withFrame } from '../model/told-testnet.ts'
import { type OnFeed, pause } from './feed.ts'

/** Nodes whose events one stream carries: the operator refuses more. */
const MAX_FOLLOWED = 64
const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 5_000

export interface ClusterTestnetOptions {
  readonly cluster: Cluster
  readonly operator: ReadApiClient
  readonly namespace: string
  readonly name: string
  readonly signal: AbortSignal
  readonly tell: OnFeed
  /** Called when `picture` would be another one. */
  readonly onChange: () => void
}

export class ClusterTestnet {
  readonly #options: ClusterTestnetOptions
  readonly #blocks = new HeardBlocks()
  #told: ToldTestnet = nothingTold
  #heads: readonly HeadView[] | undefined
  #asking = false
  /** From pods alone; undefined once the operator has told. */
  #podRows: readonly NodeRow[] | undefined
  #heardAt: number | undefined
  /** Why the operator does not tell. */
  #silent: string | undefined

  constructor(options: ClusterTestnetOptions) {
    this.#options = options
    void this.#follow()
  }

  /** Why what is known may no longer hold; undefined while somebody tells. */
  get lost(): string | undefined {
    return this.#silent !== undefined && this.#heardAt !== undefined ? `the operator ${this.#silent}` : undefined
  }

  /** Undefined before anybody told of its nodes. `now`: milliseconds since the epoch. */
  picture(
    stored: StoredTestnet | undefined,
    experiments: readonly StoredExperiment[],
    now: number,
  ): TestnetPicture | undefined {
    const { namespace, name, cluster } = this.#options
    const { testnet, nodes: told } = this.#told
    const rows = testnet ? podRows([...told.values()]) : this.#podRows
    if (rows === undefined) return undefined
    const nodes = rows.map(watchedNode)
    const created = testnet && new Date(testnet.createdAt).toISOString()
    const object = { metadata: { namespace, name, ...(created && { creationTimestamp: created }) }, ...stored }
    const status = testnet?.status ?? stored?.status
    const heads = this.#heads && this.#heads.length > 0 ? this.#heads : undefined
    const report = clusterReport({ ...object, ...(status && { status }) }, heads, cluster.context, now)
    const heights = nodes.flatMap(({ height }) => height ?? [])
    // The status is written for what matters; what the nodes say is newer.
    const height = heights.length === 0 ? report.height : { min: Math.min(...heights), max: Math.max(...heights) }
    const finals = nodes.flatMap(({ finalized }) => finalized ?? [])
    const finalized = finals.length === 0 ? report.finalized : Math.max(...finals)
    return {
      at: this.#heardAt ?? now,
      report: { ...report, height, finalized, restarts: nodes.reduce((sum, { restarts }) => sum + restarts, 0) },
      nodes,
      experiments: experiments.map(each => clusterExperiment(each, nodes, now)),
      note: testnet ? '' : `the operator ${this.#silent ?? 'was not heard yet'}; this is what the pods alone tell`,
    }
  }

  /** As far as the events of nodes have told. */
  blocks(finalized: number | null): WatchedBlock[] {
    return this.#blocks.chains(this.#heads ?? [], finalized)
  }

  async #follow(): Promise<void> {
    const { operator, namespace, name, signal, onChange } = this.#options
    const of = { namespace, name }
    let retryMs = FIRST_RETRY_MS
    while (!signal.aborted) {
      try {
        const names = (await operator.nodes(of, signal)).slice(0, MAX_FOLLOWED).map(each => each.name)
        await this.#stream(names)
        retryMs = FIRST_RETRY_MS
        this.#silent = 'ended the stream'
      } catch (error) {
        if (signal.aborted) return
        this.#silent = error instanceof OperatorSilent ? error.message : (error as Error).message
        if (this.#heardAt === undefined) await this.#askPods()
      }
      onChange()
      await pause(retryMs, signal)
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2)
    }
  }

  /** Until the operator ends it, or other nodes are to be followed. @throws OperatorSilent */
  async #stream(names: readonly string[]): Promise<void> {
    const { operator, namespace, name, signal, tell, onChange } = this.#options
    const others = new AbortController()
    const until = AbortSignal.any([signal, others.signal])
    let told = nothingTold
    const onEvent = (kind: string, data: string): void => {
      const frame = frameOf(kind, data)
      if (!frame) return
      if (frame.kind === 'node') {
        this.#blocks.hear(frame.event)
        tell({ kind: 'node-event', testnet: `${namespace}/${name}`, node: frame.node, event: frame.event })
        return
      }
      told = withFrame(told, frame)
      // The first frame is half a picture.
      if (frame.kind === 'testnet' && told.nodes.size === 0) return
      this.#told = told
      this.#silent = undefined
      const now = [...told.nodes.keys()].slice(0, MAX_FOLLOWED)
      if (frame.kind !== 'testnet' && now.join() !== names.join()) others.abort()
      void this.#askHeads()
      onChange()
    }
    const onBytes = (): void => {
      this.#heardAt = Date.now()
    }
    await operator.follow({ namespace, name }, names, until, { onEvent, onBytes }).catch(error => {
      if (!others.signal.aborted || signal.aborted) throw error
    })
  }

  /** The stream tells each node's head, but not who is on whose chain. */
  async #askHeads(): Promise<void> {
    const { operator, namespace, name, signal, onChange } = this.#options
    if (this.#asking) return
    this.#asking = true
    try {
      this.#heads = await operator.heads({ namespace, name }, signal)
      onChange()
    } catch {
      // The stream says what is wrong.
    } finally {
      this.#asking = false
    }
  }

  async #askPods(): Promise<void> {
    const { cluster, name, namespace, signal } = this.#options
    try {
      const { testnets } = await import('../../../operator/kubernetes/testnet/stored-testnet.ts')
      const stored = await cluster.api.get(testnets, { namespace, name }, signal)
      this.#podRows = podRows(await nodesFromPods(cluster, stored, signal))
    } catch {
      // The watch of the objects says what is wrong.
    }
  }
}

/** What the read API does not tell is null; an operator of an older version tells less. */
const watchedNode = (row: NodeRow): WatchedNode => ({
  ...row,
  meshes: row.meshes ?? null,
  sync: row.sync ?? null,
  startedAt: row.startedAt ?? null,
  mesh: fewest(row.meshes ?? null),
  stack: null,
  version: null,
  justified: null,
})
