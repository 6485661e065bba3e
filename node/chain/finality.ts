// Checkpoint votes and finality. A quorum of the weight on one link source -> target justifies the target; when the target
// is the next checkpoint after the source, the source is finalized.
// Source: Buterin and Griffith, "Casper the Friendly Finality Gadget", 2017. One shortcut: a quorum on a link also proves
// its source justified, because an honest voter names only a source it saw justified and every quorum contains one while
// less than a third is faulty. So the result depends on the set of votes, not on their order, and a late joiner needs two
// certificates and not one per checkpoint since genesis.
import { MAX_VOTES_PER_VALIDATOR } from './bounds.ts'
import type { GenesisBlock } from './genesis.ts'
import { fromHex, toHex } from './hex.ts'
import type { BlockTree } from './tree.ts'
import type { Address, Certificate, Checkpoint, Equivocation, Hash, InvalidCode, SignedVote, Vote } from './types.ts'

export interface FinalityRules {
  readonly checkpointInterval: number
  readonly quorum: { readonly numerator: number; readonly denominator: number }
}

export type VoteCheck =
  | { readonly kind: 'ok'; readonly weight: number }
  | { readonly kind: 'known' }
  | { readonly kind: 'early' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'invalid'; readonly code: InvalidCode; readonly message: string }

export interface Progress {
  readonly justified?: Checkpoint
  readonly finalized?: Checkpoint
}

interface LinkVotes {
  readonly vote: Vote
  weight: number
  readonly signatures: Map<Address, Uint8Array>
}

const linkOf = ({ source, target }: Vote): string => `${source.hash}${target.hash}`
export const sameVote = (a: Vote, b: Vote): boolean => linkOf(a) === linkOf(b)
const higher = (a: Checkpoint, b: Checkpoint): boolean =>
  a.height === b.height ? a.hash < b.hash : a.height > b.height

/** Which voting rule two different votes of one validator break together, if any. */
export function brokenRule(a: Vote, b: Vote): 'double-vote' | 'surround-vote' | undefined {
  if (a.target.height === b.target.height) return 'double-vote'
  const surrounds = (outer: Vote, inner: Vote) =>
    outer.source.height < inner.source.height && inner.target.height < outer.target.height
  return surrounds(a, b) || surrounds(b, a) ? 'surround-vote' : undefined
}

export class Finality {
  readonly #rules: FinalityRules
  readonly #validators: Pick<GenesisBlock, 'weights' | 'totalWeight'>
  readonly #tree: BlockTree
  readonly #links = new Map<string, LinkVotes>()
  readonly #votes = new Map<Address, SignedVote[]>()
  readonly #justified = new Map<Hash, { readonly checkpoint: Checkpoint; readonly proof?: Certificate }>()
  #finalized: Checkpoint
  #finalizedProof: Certificate | undefined
  #highest: Checkpoint

  constructor(
    rules: FinalityRules,
    validators: Pick<GenesisBlock, 'weights' | 'totalWeight'>,
    tree: BlockTree,
    root: Checkpoint,
  ) {
    this.#rules = rules
    this.#validators = validators
    this.#tree = tree
    this.#finalized = root
    this.#highest = root
    this.#justified.set(root.hash, { checkpoint: root })
  }

  get finalized(): Checkpoint {
    return this.#finalized
  }

  /** Highest justified checkpoint that descends from the finalized one. */
  get justified(): Checkpoint {
    return this.#highest
  }

  isQuorum(weight: number): boolean {
    const { numerator, denominator } = this.#rules.quorum
    return BigInt(weight) * BigInt(denominator) >= BigInt(numerator) * BigInt(this.#validators.totalWeight)
  }

  /** May this link be counted? Says nothing of the voter. */
  checkLink({ source, target }: Vote): VoteCheck {
    const invalid = (message: string): VoteCheck => ({ kind: 'invalid', code: 'bad-checkpoint', message })
    const interval = this.#rules.checkpointInterval
    if (source.height % interval !== 0 || target.height % interval !== 0 || source.height >= target.height) {
      return invalid(`link ${source.height} -> ${target.height} with a checkpoint every ${interval} blocks`)
    }
    if (target.height <= this.#finalized.height) return { kind: 'stale' }
    const block = this.#tree.get(target.hash)
    if (!block) return { kind: 'early' }
    if (block.height !== target.height) return invalid(`target ${target.hash} has height ${block.height}`)
    const ancestor = this.#tree.ancestorAt(block, source.height)
    if (!ancestor) return { kind: 'stale' }
    if (ancestor.hash !== source.hash) return invalid(`source ${source.hash} is not an ancestor of the target`)
    return { kind: 'ok', weight: 0 }
  }

  check(vote: SignedVote): VoteCheck {
    const validator = toHex(vote.validator)
    const weight = this.#validators.weights.get(validator)
    if (weight === undefined) {
      return { kind: 'invalid', code: 'not-a-validator', message: `voter ${validator} is not in the validator set` }
    }
    const link = this.checkLink(vote.message)
    if (link.kind !== 'ok') return link
    if (this.#links.get(linkOf(vote.message))?.signatures.has(validator)) return { kind: 'known' }
    const votes = this.#votes.get(validator)
    const lowest = votes && votes.length >= MAX_VOTES_PER_VALIDATOR ? votes[0] : undefined
    if (lowest && vote.message.target.height < lowest.message.target.height) return { kind: 'stale' }
    return { kind: 'ok', weight }
  }

  /** Counts a vote that `check` found ok and whose signature was verified. A voter counts once for each link. */
  add(vote: SignedVote, weight: number): Progress & { readonly equivocation?: Equivocation } {
    const validator = toHex(vote.validator)
    const equivocation = this.#remember(validator, vote)
    const key = linkOf(vote.message)
    let link = this.#links.get(key)
    if (!link) {
      link = { vote: vote.message, weight: 0, signatures: new Map() }
      this.#links.set(key, link)
    }
    link.signatures.set(validator, vote.signature)
    link.weight += weight
    const progress = this.isQuorum(link.weight) ? this.#reached(link.vote, certificateOf(link)) : {}
    return { ...progress, ...(equivocation && { equivocation }) }
  }

  /** Is the link one to be counted and the weight of its known, distinct voters a quorum? */
  checkCertificate({ vote, signatures }: Certificate): VoteCheck {
    const link = this.checkLink(vote)
    if (link.kind !== 'ok') return link
    const voters = new Set(signatures.map(({ validator }) => toHex(validator)))
    let weight = 0
    for (const voter of voters) weight += this.#validators.weights.get(voter) ?? Number.NaN
    if (voters.size !== signatures.length || Number.isNaN(weight)) {
      return { kind: 'invalid', code: 'not-a-validator', message: 'certificate: a voter is listed twice or unknown' }
    }
    if (!this.isQuorum(weight)) {
      return { kind: 'invalid', code: 'bad-checkpoint', message: 'certificate: less weight than the quorum' }
    }
    return { kind: 'ok', weight }
  }

  /** Takes a certificate whose signatures were verified and whose weight is a quorum. */
  addCertificate(certificate: Certificate): Progress {
    return this.#reached(certificate.vote, certificate)
  }

  /** Proofs of the finalized checkpoint and of every justified one above it, lowest target first. */
  certificates(): Certificate[] {
    const proofs = new Map<string, Certificate>()
    const known = [this.#finalizedProof, ...[...this.#justified.values()].map(({ proof }) => proof)]
    for (const proof of known) if (proof) proofs.set(linkOf(proof.vote), proof)
    return [...proofs.values()].sort((a, b) => a.vote.target.height - b.vote.target.height)
  }

  /** Highest justified checkpoint on the way to a block. */
  sourceFor(block: Hash): Checkpoint | undefined {
    const record = this.#tree.get(block)
    if (!record) return undefined
    let best: Checkpoint | undefined
    for (const { checkpoint } of this.#justified.values()) {
      if (best && checkpoint.height <= best.height) continue
      if (checkpoint.height <= record.height && this.#tree.isAncestor(checkpoint, record)) best = checkpoint
    }
    return best
  }

  #remember(validator: Address, vote: SignedVote): Equivocation | undefined {
    const votes = this.#votes.get(validator) ?? []
    this.#votes.set(validator, votes)
    let equivocation: Equivocation | undefined
    for (const first of votes) {
      const kind = brokenRule(first.message, vote.message)
      if (kind) equivocation ??= { kind, producer: validator, height: vote.message.target.height, first, second: vote }
    }
    votes.push(vote)
    votes.sort((a, b) => a.message.target.height - b.message.target.height)
    if (votes.length > MAX_VOTES_PER_VALIDATOR) this.#forget(validator, votes.shift()!)
    return equivocation
  }

  #forget(validator: Address, { message }: SignedVote): void {
    const key = linkOf(message)
    const link = this.#links.get(key)
    if (!link?.signatures.delete(validator)) return
    link.weight -= this.#validators.weights.get(validator)!
    if (link.signatures.size === 0) this.#links.delete(key)
  }

  #reached(vote: Vote, proof: Certificate): Progress {
    const { source, target } = vote
    const before = { highest: this.#highest, finalized: this.#finalized }
    for (const checkpoint of [source, target]) {
      if (checkpoint.height > this.#finalized.height && !this.#justified.has(checkpoint.hash)) {
        this.#justified.set(checkpoint.hash, { checkpoint, proof })
      }
    }
    const next = target.height === source.height + this.#rules.checkpointInterval
    if (next && source.height > this.#finalized.height && this.#descendsFromFinalized(source)) {
      this.#finalize(source, proof)
    }
    this.#highest = this.#finalized
    for (const { checkpoint } of this.#justified.values()) {
      if (higher(checkpoint, this.#highest) && this.#descendsFromFinalized(checkpoint)) this.#highest = checkpoint
    }
    return {
      ...(this.#highest.hash !== before.highest.hash && { justified: this.#highest }),
      ...(this.#finalized.hash !== before.finalized.hash && { finalized: this.#finalized }),
    }
  }

  #descendsFromFinalized(checkpoint: Checkpoint): boolean {
    const record = this.#tree.get(checkpoint.hash)
    return record !== undefined && this.#tree.isAncestor(this.#finalized, record)
  }

  #finalize(checkpoint: Checkpoint, proof: Certificate): void {
    this.#finalized = checkpoint
    this.#finalizedProof = proof
    for (const [hash, { checkpoint: old }] of this.#justified) {
      if (hash !== checkpoint.hash && !this.#descendsFromFinalized(old)) this.#justified.delete(hash)
    }
    for (const [key, { vote }] of this.#links) if (vote.target.height <= checkpoint.height) this.#links.delete(key)
    for (const [validator, votes] of this.#votes) {
      // The last vote below stays: it is what a later surround vote would be noticed against.
      const kept = votes.filter(({ message }, i) => message.target.height > checkpoint.height || i === votes.length - 1)
      this.#votes.set(validator, kept)
    }
  }
}

function certificateOf({ vote, signatures }: LinkVotes): Certificate {
  // Sorted, so that the same votes give the same bytes whatever their order was.
  const sorted = [...signatures].sort(([a], [b]) => (a < b ? -1 : 1))
  return { vote, signatures: sorted.map(([validator, signature]) => ({ validator: fromHex(validator), signature })) }
}
