// The chain as one state machine without I/O: takes headers, blocks and votes whose signatures the caller has verified,
// answers what they changed. The head is a function of the set of blocks and votes it was given, not of their order.
import type { Genesis } from '../../api/node-config.ts'
import { type Account, getAccount, type State, stateRoot } from './accounts.ts'
import { type AlreadyVerified, type BodyCheck, bodyFault, bodyJobs } from './body.ts'
import { type ChainBounds, defaultChainBounds } from './bounds.ts'
import { type BuildRequest, buildBlock, type UnsignedBlock } from './build.ts'
import { execute } from './execute.ts'
import { Finality, type VoteCheck } from './finality.ts'
import { type GenesisBlock, genesisBlock } from './genesis.ts'
import { HeaderChecks, type HeadersVerdict, type HeaderTail, type Invalid } from './header-checks.ts'
import { childDifficulty, type ParentFacts } from './header-rules.ts'
import { equalBytes, fromHex, toHex } from './hex.ts'
import { waitOf } from './lottery.ts'
import { blockHash, ticketSigningRoot, voteSigningRoot } from './roots.ts'
import { headersAfter, locator } from './serving.ts'
import { decodeSnapshot, decodeState, encodeSnapshot, encodeState, SNAPSHOT_HEADERS } from './snapshot.ts'
import { StateCache } from './states.ts'
import { BlockTree, better, checkpointOf, recordOf } from './tree.ts'
import type {
  Address,
  Block,
  BlockRecord,
  Certificate,
  Checkpoint,
  Equivocation,
  Hash,
  HeaderVerdict,
  InsertResult,
  Millis,
  Reorg,
  SignatureJob,
  SignedHeader,
  SignedVote,
  Vote,
  VoteResult,
} from './types.ts'

export type ReplayResult =
  | { readonly kind: 'replayed' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'missing-state'; readonly replay: readonly Hash[] }
  | Invalid

export class Chain {
  readonly genesis: Genesis
  /** Genesis hash, hex. */
  readonly genesisHash: Hash
  /** The same as bytes: the `genesis` argument of the signing roots and transaction ids. */
  readonly domain: Uint8Array
  readonly #block: GenesisBlock
  readonly #bounds: ChainBounds
  readonly #tree: BlockTree
  readonly #states: StateCache
  readonly #finality: Finality
  readonly #headers: HeaderChecks
  /** Blocks whose body was found to match its header, so that `insert` does not hash it again. */
  readonly #checkedBodies = new WeakSet<Block>()
  /** The justified checkpoint's subtree: only these can become the head. */
  #eligible: Set<Hash>
  #head: BlockRecord
  /** The state `account` last read. */
  #accounts: State

  /**
   * Starts at genesis, or at the finalized block of a snapshot of the same testnet.
   * Throws GenesisError when the configuration contradicts itself, DecodeError for a snapshot that is broken or not ours.
   */
  constructor(genesis: Genesis, bounds: Partial<ChainBounds> = {}, snapshot?: Uint8Array) {
    this.genesis = genesis
    this.#block = genesisBlock(genesis)
    this.#bounds = { ...defaultChainBounds, ...bounds }
    this.genesisHash = this.#block.record.hash
    this.domain = this.#block.root
    const { records, state } = snapshot
      ? decodeSnapshot(snapshot, this.domain)
      : { records: [this.#block.record], state: this.#block.state }
    const root = records[0]!
    const record = records.at(-1)!
    this.#tree = new BlockTree(root)
    for (const above of records.slice(1)) this.#tree.add(above)
    this.#tree.setHead(root, record)
    this.#states = new StateCache(this.#tree, this.#bounds)
    this.#states.set(record.hash, state)
    this.#accounts = state
    this.#finality = new Finality(genesis, this.#block, this.#tree, checkpointOf(record))
    this.#headers = new HeaderChecks(this.#tree, this.#finality, this.#block, genesis.blockIntervalMs)
    this.#eligible = new Set([record.hash])
    this.#head = record
  }

  get head(): BlockRecord {
    return this.#head
  }
  get justified(): Checkpoint {
    return this.#finality.justified
  }
  get finalized(): Checkpoint {
    return this.#finality.finalized
  }
  get totalWeight(): number {
    return this.#block.totalWeight
  }
  weightOf(validator: Address): number | undefined {
    return this.#block.weights.get(validator)
  }
  has(hash: Hash): boolean {
    return this.#tree.get(hash) !== undefined
  }
  get(hash: Hash): BlockRecord | undefined {
    return this.#tree.get(hash)
  }
  mainAt(height: number): BlockRecord | undefined {
    return this.#tree.mainAt(height)
  }
  isMain(hash: Hash): boolean {
    const record = this.#tree.get(hash)
    return record !== undefined && this.#tree.isMain(record)
  }
  children(hash: Hash): readonly Hash[] {
    return this.#tree.children(hash)
  }
  /** The main chain's last records, newest first. */
  recent(count: number): BlockRecord[] {
    const records: BlockRecord[] = []
    for (let at: BlockRecord | undefined = this.#head; at && records.length < count; at = this.#tree.get(at.parent)) {
      records.push(at)
    }
    return records
  }
  /** Ends of branches above finality, the head among them: 1 without a fork. */
  get tips(): number {
    return this.#tree.tipsFrom(this.finalized.height)
  }
  locator(): Hash[] {
    return locator(this.#tree, this.#head, this.genesisHash)
  }
  headersAfter(wanted: readonly Hash[], max: number): SignedHeader[] {
    return headersAfter(this.#tree, wanted, max)
  }
  /** The highest block both descend from; undefined when either or it is not held. */
  commonAncestor(a: Hash, b: Hash): BlockRecord | undefined {
    const [left, right] = [this.#tree.get(a), this.#tree.get(b)]
    return left && right && this.#tree.commonAncestor(left, right)
  }

  /** State after a block; undefined when it was evicted (`missingStates` says what to replay). */
  stateAt(hash: Hash): State | undefined {
    return this.#states.get(hash)
  }
  /** The account at the head; as it was before the head moved while the new head's state is not in memory. */
  account(address: Uint8Array): Account {
    this.#accounts = this.#states.get(this.#head.hash) ?? this.#accounts
    return getAccount(this.#accounts, address)
  }

  /** Cheap checks of one gossiped header, before any signature. `now` is our clock. */
  checkHeader(header: SignedHeader, now: Millis): HeaderVerdict {
    return this.#headers.check(header, now)
  }
  /** Checks a list that links to a held block (or to `after`) and to itself, without any body. */
  checkHeaders(list: readonly SignedHeader[], now: Millis, after?: HeaderTail): HeadersVerdict {
    return this.#headers.checkList(list, now, after)
  }

  /** What is wrong with the body before its transactions are looked at: too large, or not the one the header names. */
  checkBody(block: Block): Invalid | undefined {
    if (this.#checkedBodies.has(block)) return undefined
    const fault = bodyFault(block, this.genesis.maxBlockBytes, this.domain)
    if (fault) return { kind: 'invalid', ...fault }
    this.#checkedBodies.add(block)
    return undefined
  }

  /** Does the body belong to the header; if so the signatures to verify, save those the caller knows to be good. */
  bodySignatureJobs(block: Block, alreadyVerified?: AlreadyVerified): BodyCheck {
    return this.checkBody(block) ?? { kind: 'ok', ...bodyJobs(block.transactions, this.domain, alreadyVerified) }
  }

  /** Executes and adds a block. The caller has verified every signature and kept it from being `early`. */
  insert(block: Block): InsertResult {
    const place = this.#placeOf(block.header)
    if (place.kind !== 'free') return place
    const executed = this.#execute(block, place.parent.hash)
    if (executed.kind !== 'executed') return executed
    this.#states.set(place.hash, executed.state)
    return this.#add(block.header, place.parent)
  }

  /**
   * Adds a block this node validated and stored earlier, without its body: for a restart. Its state comes by
   * `attachState` or `replay`.
   */
  insertStored(header: SignedHeader): InsertResult {
    const place = this.#placeOf(header)
    return place.kind === 'free' ? this.#add(header, place.parent) : place
  }

  /** Where a new block goes, when its header keeps the rules and its parent is held. */
  #placeOf(
    header: SignedHeader,
  ):
    | { readonly kind: 'free'; readonly hash: Hash; readonly parent: ParentFacts }
    | Exclude<InsertResult, { kind: 'inserted' }> {
    const hash = blockHash(header.message)
    if (this.#tree.get(hash)) return { kind: 'known' }
    const shape = this.#headers.shapeFault(header)
    if (shape) return shape
    const parentHash = toHex(header.message.parents[0]!)
    const parent = this.#headers.facts(parentHash)
    if (!parent) return { kind: 'unknown-parent', parent: parentHash }
    return this.#headers.fault(header, parent) ?? { kind: 'free', hash, parent }
  }

  /** Computes the state of a held block again, from its parent's. */
  replay(block: Block): ReplayResult {
    const hash = blockHash(block.header.message)
    const record = this.#tree.get(hash)
    if (!record) return { kind: 'unknown' }
    if (this.#states.get(hash)) return { kind: 'replayed' }
    const executed = this.#execute(block, record.parent)
    if (executed.kind !== 'executed') return executed
    this.#states.set(hash, executed.state)
    return { kind: 'replayed' }
  }

  /** Blocks to replay, oldest first, until the state after `hash` is in memory; empty when it is. */
  missingStates(hash: Hash): Hash[] {
    const missing: Hash[] = []
    for (let at = this.#tree.get(hash); at && !this.#states.get(at.hash); at = this.#tree.get(at.parent)) {
      missing.push(at.hash)
    }
    return missing.reverse()
  }

  /** The state after a block as bytes, for the store; undefined when it is not in memory. */
  encodeState(hash: Hash): Uint8Array | undefined {
    const state = this.#states.get(hash)
    return state && encodeState(state)
  }
  /** Takes stored state bytes; false when the block is not held or its state root differs. Throws DecodeError. */
  attachState(hash: Hash, bytes: Uint8Array): boolean {
    const record = this.#tree.get(hash)
    if (!record) return false
    const state = decodeState(bytes)
    if (!equalBytes(stateRoot(state), record.header.message.stateRoot)) return false
    this.#states.set(hash, state)
    return true
  }

  /**
   * The finalized block with its state and the records below it, for a restart without replay: give it to the constructor,
   * then `insertStored` the headers above, `addCertificate` the stored certificates and `replay` what missingStates() lists.
   */
  snapshot(): Uint8Array {
    const records: BlockRecord[] = []
    for (
      let at = this.#tree.get(this.finalized.hash);
      at && records.length < SNAPSHOT_HEADERS;
      at = this.#tree.get(at.parent)
    ) {
      records.push(at)
    }
    return encodeSnapshot(this.domain, records.reverse(), this.#states.get(this.finalized.hash)!)
  }

  /** The message a validator signs for its ticket on a block, the head unless said. */
  ticketRoot(parent: Hash = this.#head.hash): Uint8Array {
    return ticketSigningRoot(fromHex(parent), this.domain)
  }

  /**
   * Milliseconds from the parent's timestamp until this ticket may produce, for the head unless said.
   * Throws RangeError for a non-validator or a parent that is not held.
   */
  waitMs(validator: Address, ticket: Uint8Array, parent: Hash = this.#head.hash): Millis {
    const weight = this.#block.weights.get(validator)
    if (weight === undefined) throw new RangeError(`${validator} is not a validator`)
    return waitOf(ticket, childDifficulty(this.#parent(parent), this.genesis.blockIntervalMs), weight)
  }

  /**
   * An unsigned block with those candidates that apply, within the size bounds.
   * Throws RangeError when the parent is not held or its state not in memory.
   */
  build(request: BuildRequest & { readonly parent?: Hash }): UnsignedBlock {
    const parent = this.#parent(request.parent ?? this.#head.hash)
    const state = this.#states.get(parent.hash)
    if (!state) throw new RangeError(`state of ${parent.hash} is not in memory: replay missingStates() first`)
    return buildBlock(parent, state, request, this.genesis, this.domain)
  }

  /** Cheap checks of a vote; `ok` and `early` give the signature to verify before `addVote`, or before it is kept. */
  checkVote(
    vote: SignedVote,
  ): Exclude<VoteCheck, { kind: 'ok' | 'early' }> | { kind: 'ok' | 'early'; jobs: readonly SignatureJob[] } {
    const check = this.#finality.check(vote)
    if (check.kind !== 'ok' && check.kind !== 'early') return check
    const { validator: publicKey, signature } = vote
    return { kind: check.kind, jobs: [{ publicKey, message: voteSigningRoot(vote.message, this.domain), signature }] }
  }

  /** Counts a vote whose signature was verified. */
  addVote(vote: SignedVote): VoteResult {
    const check = this.#finality.check(vote)
    if (check.kind !== 'ok') return check
    return this.#progressed(this.#finality.add(vote, check.weight))
  }

  /** Cheap checks of a certificate; `ok` gives the signatures to verify, all of them, before `addCertificate`. */
  checkCertificate(
    certificate: Certificate,
  ): Exclude<VoteCheck, { kind: 'ok' }> | { kind: 'ok'; jobs: readonly SignatureJob[] } {
    const check = this.#finality.checkCertificate(certificate)
    if (check.kind !== 'ok') return check
    const message = voteSigningRoot(certificate.vote, this.domain)
    const jobs = certificate.signatures.map(({ validator, signature }) => ({
      publicKey: validator,
      message,
      signature,
    }))
    return { kind: 'ok', jobs }
  }

  /** Takes a certificate whose signatures were verified. */
  addCertificate(certificate: Certificate): VoteResult {
    const check = this.#finality.checkCertificate(certificate)
    if (check.kind !== 'ok') return check
    return this.#progressed(this.#finality.addCertificate(certificate))
  }

  /** What a late joiner needs to learn our justified and finalized checkpoints. */
  certificates(): Certificate[] {
    return this.#finality.certificates()
  }

  /**
   * The vote an honest validator casts now, given its last one (stored before it was sent), or undefined. Targets and
   * sources never go down from vote to vote, so it never votes double or around an earlier vote.
   */
  voteDue(validator: Address, lastVote?: Vote): Vote | undefined {
    if (!this.#block.weights.has(validator)) return undefined
    const interval = this.genesis.checkpointInterval
    const height = Math.floor(this.#head.height / interval) * interval
    if (height <= (lastVote?.target.height ?? 0)) return undefined
    const target = this.#tree.ancestorAt(this.#head, height)
    const source = target && this.#finality.sourceFor(target.parent)
    if (!target || !source || source.height < (lastVote?.source.height ?? 0)) return undefined
    return { source, target: checkpointOf(target) }
  }

  #parent(hash: Hash): ParentFacts {
    const facts = this.#headers.facts(hash)
    if (!facts) throw new RangeError(`block ${hash} is not held`)
    return facts
  }

  #execute(
    block: Block,
    parent: Hash,
  ): { kind: 'executed'; state: State } | Invalid | { kind: 'missing-state'; replay: Hash[] } {
    const fault = this.checkBody(block)
    if (fault) return fault
    const state = this.#states.get(parent)
    if (!state) return { kind: 'missing-state', replay: this.missingStates(parent) }
    const { producer, stateRoot: expected } = block.header.message
    const executed = execute(state, block.transactions, producer)
    if (executed.kind === 'invalid') return executed
    if (!equalBytes(stateRoot(executed.state), expected)) {
      return {
        kind: 'invalid',
        code: 'wrong-state-root',
        message: `execution gives ${toHex(stateRoot(executed.state))}`,
      }
    }
    return executed
  }

  #add(header: SignedHeader, parent: ParentFacts): InsertResult {
    const record = recordOf(header, parent.work + BigInt(header.message.difficulty))
    const equivocation = this.#blockEquivocation(record)
    this.#tree.add(record)
    let head: Reorg | undefined
    if (this.#eligible.has(parent.hash)) {
      this.#eligible.add(record.hash)
      if (better(record, this.#head)) head = this.#moveHead(record)
    }
    this.#bound()
    return { kind: 'inserted', record, ...(head && { head }), ...(equivocation && { equivocation }) }
  }

  #blockEquivocation({ parent, producer, height, hash }: BlockRecord): Equivocation | undefined {
    const first = this.#tree.children(parent).find(sibling => this.#tree.get(sibling)!.producer === producer)
    return first === undefined ? undefined : { kind: 'block', producer, height, first, second: hash }
  }

  #moveHead(record: BlockRecord): Reorg {
    const { reverted, applied, ancestor } = this.#tree.setHead(this.#head, record)
    this.#head = record
    return { reverted, applied, ancestor: checkpointOf(ancestor) }
  }

  #progressed(progress: ReturnType<Finality['add']>): VoteResult {
    if (!progress.justified && !progress.finalized) return { kind: 'counted', ...progress }
    this.#eligible = this.#tree.subtree(this.justified.hash)
    let best = this.#tree.get(this.justified.hash)!
    for (const hash of this.#eligible) {
      const record = this.#tree.get(hash)!
      if (better(record, best)) best = record
    }
    const head = best.hash === this.#head.hash ? undefined : this.#moveHead(best)
    if (progress.finalized) this.#prune()
    return { kind: 'counted', ...progress, ...(head && { head }) }
  }

  /** Finalized: branches that leave the main chain below are gone, and old main-chain records go in time. */
  #prune(): void {
    const { hash, height } = this.finalized
    const alive = this.#tree.subtree(hash)
    const lowest = height - this.#bounds.maxFinalizedRecords
    for (const { record } of [...this.#tree.records()]) {
      if (alive.has(record.hash)) continue
      if (this.#tree.isMain(record) && record.height >= lowest) continue
      this.#tree.delete(record.hash)
      this.#states.delete(record.hash)
    }
  }

  #bound(): void {
    const pinned = new Set([this.#head.hash, this.justified.hash, this.finalized.hash])
    this.#states.sweep(this.#head.height, this.finalized.height, pinned)
    if (this.#tree.size <= this.#bounds.maxRecords) return
    let worst: BlockRecord | undefined
    for (const { record, children } of this.#tree.records()) {
      if (children.length > 0 || this.#tree.isMain(record)) continue
      if (!worst || better(worst, record)) worst = record
    }
    if (!worst) return
    this.#tree.delete(worst.hash)
    this.#states.delete(worst.hash)
    this.#eligible.delete(worst.hash)
  }
}
