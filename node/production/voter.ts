// Casts this validator's finality votes. A vote is on disk before it is sent: a restart must not vote against itself.
import {
  type Chain,
  decodeVote,
  encodeVote,
  type SignedVote,
  toHex,
  type Vote,
  voteSigningRoot,
} from '../chain/index.ts'
import type { SigningKey } from '../intake/verifier.ts'
import type { Store } from '../store/store.ts'

export class Voter {
  readonly #chain: Chain
  readonly #key: SigningKey
  readonly #store: Store
  readonly #deliver: (vote: SignedVote) => Promise<void>
  #last: Vote | undefined
  #busy = false

  private constructor(chain: Chain, key: SigningKey, store: Store, deliver: (vote: SignedVote) => Promise<void>) {
    this.#chain = chain
    this.#key = key
    this.#store = store
    this.#deliver = deliver
  }

  static async open(
    chain: Chain,
    key: SigningKey,
    store: Store,
    deliver: (vote: SignedVote) => Promise<void>,
  ): Promise<Voter> {
    const voter = new Voter(chain, key, store, deliver)
    const last = await store.slot('last-vote')
    if (last !== undefined) voter.#last = decodeVote(last).message
    return voter
  }

  /** Called after every move of the head. */
  async headMoved(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      for (;;) {
        const vote = this.#chain.voteDue(toHex(this.#key.publicKey), this.#last)
        if (vote === undefined) return
        const signature = this.#key.sign(voteSigningRoot(vote, this.#chain.domain))
        const signed: SignedVote = { message: vote, validator: this.#key.publicKey, signature }
        this.#last = vote
        await this.#store.setSlot('last-vote', encodeVote(signed))
        await this.#deliver(signed)
      }
    } finally {
      this.#busy = false
    }
  }
}
