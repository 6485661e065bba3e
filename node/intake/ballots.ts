// Finality votes and certificates on their way into the chain, from gossip, from sync or from our own voter.
import {
  type Certificate,
  type Chain,
  type Checkpoint,
  decodeCertificate,
  decodeVote,
  type Equivocation,
  type Hash,
  type SignedVote,
  type VoteResult,
} from '../chain/index.ts'
import type { Verdict } from '../stacks/port.ts'
import { saveCertificates } from '../store/restore.ts'
import type { Store } from '../store/store.ts'
import { EarlyVotes } from './early-votes.ts'
import type { Importer } from './importer.ts'
import type { Verifier } from './verifier.ts'

export interface BallotEvents {
  onJustified(checkpoint: Checkpoint): void
  onFinalized(checkpoint: Checkpoint): void
  onEquivocation(evidence: Equivocation): void
  /** A vote broke a rule that its sender had to see. */
  onRejected?(reason: 'malformed' | 'not-a-validator' | 'bad-signature'): void
}

export class Ballots {
  readonly #chain: Chain
  readonly #store: Store
  readonly #importer: Importer
  readonly #verifier: Verifier
  readonly #events: BallotEvents
  readonly #early = new EarlyVotes()

  constructor(parts: {
    readonly chain: Chain
    readonly store: Store
    readonly importer: Importer
    readonly verifier: Verifier
    readonly events: BallotEvents
  }) {
    this.#chain = parts.chain
    this.#store = parts.store
    this.#importer = parts.importer
    this.#verifier = parts.verifier
    this.#events = parts.events
  }

  async onGossip(bytes: Uint8Array): Promise<Verdict> {
    let vote: SignedVote
    try {
      vote = decodeVote(bytes)
    } catch {
      return this.#reject('malformed')
    }
    return this.add(vote)
  }

  /**
   * Counts a vote. `accept` when it was new and holds, or may hold: a vote often overtakes its block, and gossip brings
   * it to nobody a second time.
   */
  async add(vote: SignedVote): Promise<Verdict> {
    const { finalized } = this.#chain
    const check = this.#chain.checkVote(vote)
    // A vote from the past or for a branch we gave up breaks no rule: its sender may know less, or more.
    if (check.kind === 'invalid') return check.code === 'not-a-validator' ? this.#reject(check.code) : 'ignore'
    if (check.kind !== 'ok' && check.kind !== 'early') return 'ignore'
    if (check.kind === 'early' && !this.#early.admits(vote, finalized.height)) return 'ignore'
    if (!(await this.#verifier.verify(check.jobs))) return this.#reject('bad-signature')
    return this.#importer.exclusive(() => this.#count(vote))
  }

  #reject(reason: Parameters<NonNullable<BallotEvents['onRejected']>>[0]): 'reject' {
    this.#events.onRejected?.(reason)
    return 'reject'
  }

  async #count(vote: SignedVote): Promise<Verdict> {
    const result = await this.#apply(this.#chain.addVote(vote))
    if (result.kind === 'early') return this.#early.keep(vote, this.#chain.finalized.height) ? 'accept' : 'ignore'
    return result.kind === 'counted' ? 'accept' : 'ignore'
  }

  /** Takes a certificate from sync; false when it proves nothing or is forged. */
  async addCertificate(bytes: Uint8Array): Promise<boolean> {
    let certificate: Certificate
    try {
      certificate = decodeCertificate(bytes)
    } catch {
      return false
    }
    const check = this.#chain.checkCertificate(certificate)
    if (check.kind !== 'ok') return check.kind !== 'invalid'
    if (!(await this.#verifier.verify(check.jobs))) return false
    await this.#importer.exclusive(() => this.#apply(this.#chain.addCertificate(certificate)))
    return true
  }

  /** Counts the votes that waited for this block. */
  async onBlock(hash: Hash): Promise<void> {
    for (const vote of this.#early.take(hash)) await this.#importer.exclusive(() => this.#count(vote))
  }

  async #apply(result: VoteResult): Promise<VoteResult> {
    if (result.kind !== 'counted') return result
    if (result.equivocation) this.#events.onEquivocation(result.equivocation)
    if (result.justified || result.finalized) await saveCertificates(this.#chain, this.#store)
    if (result.head) await this.#importer.headMoved(result.head)
    if (result.justified) this.#events.onJustified(result.justified)
    if (result.finalized) this.#events.onFinalized(result.finalized)
    return result
  }
}
