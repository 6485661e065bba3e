// Votes whose target block has not arrived. Their signatures hold already, so only a validator can take room here, and
// only its own.
import { type Address, type Hash, type SignedVote, sameVote, toHex } from '../chain/index.ts'

/** Kept of one validator: an honest one has one on its way, and a few while this node is catching up. */
export const MAX_EARLY_PER_VALIDATOR = 8

export class EarlyVotes {
  readonly #byTarget = new Map<Hash, SignedVote[]>()
  readonly #counts = new Map<Address, number>()

  get count(): number {
    let count = 0
    for (const votes of this.#byTarget.values()) count += votes.length
    return count
  }

  /** False when the vote is here already or its validator has its share; targets at or below `finalizedHeight` make room. */
  admits(vote: SignedVote, finalizedHeight: number): boolean {
    const validator = toHex(vote.validator)
    if (this.#has(vote, validator)) return false
    if ((this.#counts.get(validator) ?? 0) < MAX_EARLY_PER_VALIDATOR) return true
    for (const [target, votes] of this.#byTarget) {
      if (votes[0]!.message.target.height <= finalizedHeight) this.take(target)
    }
    return (this.#counts.get(validator) ?? 0) < MAX_EARLY_PER_VALIDATOR
  }

  /** Keeps a vote whose signature was verified. False when `admits` is. */
  keep(vote: SignedVote, finalizedHeight: number): boolean {
    if (!this.admits(vote, finalizedHeight)) return false
    const { hash } = vote.message.target
    const votes = this.#byTarget.get(hash) ?? []
    this.#byTarget.set(hash, votes)
    votes.push(vote)
    this.#count(vote, 1)
    return true
  }

  /** Takes out the votes for a block that is here now. */
  take(target: Hash): readonly SignedVote[] {
    const votes = this.#byTarget.get(target) ?? []
    this.#byTarget.delete(target)
    for (const vote of votes) this.#count(vote, -1)
    return votes
  }

  #has(vote: SignedVote, validator: Address): boolean {
    const votes = this.#byTarget.get(vote.message.target.hash) ?? []
    return votes.some(other => toHex(other.validator) === validator && sameVote(other.message, vote.message))
  }

  #count({ validator }: SignedVote, change: number): void {
    const address = toHex(validator)
    const count = (this.#counts.get(address) ?? 0) + change
    if (count > 0) this.#counts.set(address, count)
    else this.#counts.delete(address)
  }
}
