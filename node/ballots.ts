// Finality votes and certificates on their way into the chain, from gossip, from sync or from our own voter.
import {
  type Certificate,
  type Chain,
  type Checkpoint,
  decodeCertificate,
  decodeVote,
  type Equivocation,
  encodeVote,
  type Hash,
  type SignedVote,
  type VoteResult,
} from './chain/index.ts'
import type { Importer } from './importer.ts'
import { saveCertificates } from './restore.ts'
import type { Verdict } from './stacks/port.ts'
import type { Store } from './store/store.ts'
import type { Verifier } from './verifier.ts'

/** Votes kept whose target block has not arrived; the oldest goes. */
const maxEarlyVotes = 4_096

export interface BallotEvents {
  onJustified(checkpoint: Checkpoint): void
  onFinalized(checkpoint: Checkpoint): void
  onEquivocation(evidence: Equivocation): void
}

export class Ballots {
  readonly #chain: Chain
  readonly #store: Store
  readonly #importer: Importer
  readonly #verifier: Verifier
  readonly #events: BallotEvents
  readonly #early = new Map<string, SignedVote>()

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
      return 'reject'
    }
    return this.add(vote)
  }

  /** Counts a vote. `accept` when it was new and holds. */
  async add(vote: SignedVote): Promise<Verdict> {
    const check = this.#chain.checkVote(vote)
    if (check.kind === 'early') {
      this.#keep(vote)
      return 'ignore'
    }
    // A vote from the past or for a branch we gave up breaks no rule: its sender may know less, or more.
    if (check.kind === 'invalid') return check.code === 'not-a-validator' ? 'reject' : 'ignore'
    if (check.kind !== 'ok') return 'ignore'
    if (!(await this.#verifier.verify(check.jobs))) return 'reject'
    const result = await this.#importer.exclusive(() => this.#apply(this.#chain.addVote(vote)))
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

  /** Votes that waited for this block are looked at again. */
  async onBlock(hash: Hash): Promise<void> {
    for (const [key, vote] of this.#early) {
      if (vote.message.target.hash !== hash) continue
      this.#early.delete(key)
      await this.add(vote)
    }
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

  #keep(vote: SignedVote): void {
    const key = Buffer.from(encodeVote(vote)).toString('base64')
    this.#early.set(key, vote)
    if (this.#early.size <= maxEarlyVotes) return
    const oldest = this.#early.keys().next().value
    if (oldest !== undefined) this.#early.delete(oldest)
  }
}
