// What the node shows over HTTP, read from its parts at the moment of the question.
import type { NodeConfig } from '../../api/node-config.ts'
import type { NodeStatus, PeerStatus } from '../../api/observation.ts'
import {
  DecodeError,
  decodeBody,
  decodeHeader,
  decodeTransaction,
  fromHex,
  type Hash,
  toHex,
  transactionId,
} from '../chain/index.ts'
import type {
  AccountView,
  BlockDetail,
  BlockSummary,
  EquivocationView,
  NodeView,
  Submission,
  TransactionView,
} from '../http/view.ts'
import type { Ledger } from '../ledger.ts'
import type { Network } from '../network.ts'
import { topics } from '../stacks/port.ts'
import type { Syncer } from '../syncer/syncer.ts'
import { readEvidence } from './evidence.ts'

/** Main-chain blocks listed in /status. */
const recentBlocks = 64

export interface ViewParts {
  readonly config: NodeConfig
  readonly version: string
  readonly ledger: Ledger
  readonly network: Network
  readonly startedAt: number
  readonly reorgs: () => { readonly count: number; readonly deepest: number }
  readonly partitionSuspected: () => boolean
  readonly ready: () => boolean
  readonly now: () => number
}

export class View implements NodeView {
  readonly #parts: ViewParts

  constructor(parts: ViewParts) {
    this.#parts = parts
  }

  ready(): boolean {
    return this.#parts.ready()
  }

  status(): NodeStatus {
    const { config, ledger, network, now } = this.#parts
    const { chain, pool } = ledger
    const { stack, syncer } = network
    const { head } = chain
    const peers = stack.peers()
    const inbound = peers.filter(peer => peer.direction === 'inbound').length
    return {
      name: config.name,
      testnet: config.testnet,
      role: config.role,
      group: config.group,
      region: config.region,
      version: this.#parts.version,
      stack: stack.name,
      peerId: stack.id,
      pid: process.pid,
      startedAt: this.#parts.startedAt,
      now: now(),
      genesis: chain.genesisHash,
      head: {
        hash: head.hash,
        height: head.height,
        timestamp: head.timestamp,
        producer: head.producer,
        work: head.work.toString(),
      },
      justified: chain.justified,
      finalized: chain.finalized,
      recent: chain.recent(recentBlocks).map(({ hash, height }) => ({ hash, height })),
      sync: syncer.progress,
      peers: { inbound, outbound: peers.length - inbound },
      mesh: Object.fromEntries(topics.map(topic => [topic, stack.mesh(topic).length])),
      pool: { count: pool.count, bytes: pool.bytes },
      reorgs: this.#parts.reorgs(),
      partitionSuspected: this.#parts.partitionSuspected(),
    }
  }

  peers(): PeerStatus[] {
    const { stack, peering, syncer, names } = this.#parts.network
    return stack.peers().map(peer => ({
      id: peer.id,
      name: names.of(peer.id),
      address: peer.address,
      direction: peer.direction,
      score: peering.scoreOf(peer.id),
      latencyMs: peer.latencyMs,
      connectedAt: peer.connectedAt,
      head: headOf(syncer.statusOf(peer.id)),
    }))
  }

  async blocks(from: number, limit: number): Promise<BlockSummary[]> {
    const hashes = await this.#parts.ledger.store.mainRange(from, limit)
    const blocks = await Promise.all(hashes.map(hash => this.#detail(hash)))
    return blocks.flatMap(block => {
      if (block === undefined) return []
      const { canonical: _, stateRoot: _s, bodyRoot: _b, transactions: _t, ...summary } = block
      return [summary]
    })
  }

  async block(id: string | number): Promise<BlockDetail | undefined> {
    const hash = typeof id === 'number' ? await this.#parts.ledger.store.mainAt(id) : id
    return hash === undefined ? undefined : this.#detail(hash)
  }

  equivocations(): Promise<EquivocationView[]> {
    return readEvidence(this.#parts.ledger.store)
  }

  async account(address: string): Promise<AccountView | undefined> {
    const { chain, pool } = this.#parts.ledger
    const { head } = chain
    const bytes = fromHex(address)
    const { balance, nonce } = chain.account(bytes)
    if (balance === 0 && nonce === 0) return undefined
    const nextNonce = pool.nextNonce(bytes, who => chain.account(who))
    return { address, balance, nonce, nextNonce, head: { hash: head.hash, height: head.height } }
  }

  async transaction(id: string): Promise<TransactionView | undefined> {
    const { pool, store } = this.#parts.ledger
    const hash = await store.blockOf(id)
    const block = hash === undefined ? undefined : await this.#detail(hash)
    if (block?.canonical)
      return { id, state: 'included', block: block.hash, height: block.height, finalized: block.finalized }
    return pool.has(id) ? { id, state: 'pending' } : undefined
  }

  async submit(bytes: Uint8Array): Promise<Submission> {
    try {
      const result = await this.#parts.ledger.mempool.submit(decodeTransaction(bytes), 'http')
      return result.kind === 'refused'
        ? { kind: 'refused', id: result.id, reason: result.code }
        : { kind: result.kind, id: result.id }
    } catch (error) {
      if (error instanceof DecodeError) return { kind: 'malformed', reason: error.message }
      throw error
    }
  }

  async #detail(hash: Hash): Promise<BlockDetail | undefined> {
    const { store, chain } = this.#parts.ledger
    const [headerBytes, body] = await Promise.all([store.header(hash), store.body(hash)])
    if (headerBytes === undefined || body === undefined) return undefined
    const { message } = decodeHeader(headerBytes)
    const transactions = decodeBody(body)
    const canonical = (await store.mainAt(message.height)) === hash
    return {
      hash,
      height: message.height,
      parents: message.parents.map(toHex),
      timestamp: message.timestamp,
      producer: toHex(message.producer),
      difficulty: message.difficulty,
      transactionCount: transactions.length,
      finalized: canonical && message.height <= chain.finalized.height,
      canonical,
      stateRoot: toHex(message.stateRoot),
      bodyRoot: toHex(message.bodyRoot),
      transactions: transactions.map(transaction => transactionId(transaction, chain.domain)),
    }
  }
}

function headOf(status: ReturnType<Syncer['statusOf']>): PeerStatus['head'] {
  return status && { hash: status.head.hash, height: status.head.height }
}
