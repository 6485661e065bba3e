// The rules a header obeys given its parent; no state, no body, no signature needed.
import type { GenesisBlock } from './genesis.ts'
import { toHex } from './hex.ts'
import { retarget, waitOf } from './lottery.ts'
import { blockRoot, headerSigningRoot, ticketSigningRoot } from './roots.ts'
import type { BlockRecord, InvalidCode, Millis, SignatureJob, SignedHeader } from './types.ts'

/** What the rules read of a parent: enough to validate headers whose ancestors are not held yet. */
export type ParentFacts = Pick<BlockRecord, 'hash' | 'height' | 'timestamp' | 'difficulty' | 'work'> & {
  readonly root: Uint8Array
  /** Timestamp of the parent's own parent. */
  readonly parentTimestamp: Millis
}

export interface HeaderFault {
  readonly code: InvalidCode
  readonly message: string
}

/** The difficulty a child of the block must state. The first block does not retarget: genesis may be long ago. */
export function childDifficulty(parent: ParentFacts, blockIntervalMs: number): number {
  if (parent.height <= 1) return parent.difficulty
  return retarget(parent.difficulty, parent.timestamp - parent.parentTimestamp, blockIntervalMs)
}

/** The first rule broken, cheap ones first; undefined when all hold. */
export function headerFault(
  { message: header }: SignedHeader,
  parent: ParentFacts,
  genesis: Pick<GenesisBlock, 'weights'>,
  blockIntervalMs: number,
): HeaderFault | undefined {
  const fault = (code: InvalidCode, message: string): HeaderFault => ({
    code,
    message: `height ${header.height}: ${message}`,
  })
  if (header.height !== parent.height + 1) return fault('wrong-height', `parent has height ${parent.height}`)
  if (header.timestamp <= parent.timestamp) {
    return fault('timestamp-not-after-parent', `timestamp ${header.timestamp}, parent ${parent.timestamp}`)
  }
  const producer = toHex(header.producer)
  const weight = genesis.weights.get(producer)
  if (weight === undefined) return fault('not-a-validator', `producer ${producer} is not in the validator set`)
  const difficulty = childDifficulty(parent, blockIntervalMs)
  if (header.difficulty !== difficulty)
    return fault('wrong-difficulty', `${header.difficulty} instead of ${difficulty}`)
  const wait = waitOf(header.ticket, difficulty, weight)
  const waited = header.timestamp - parent.timestamp
  if (waited < wait) return fault('waited-too-little', `${waited} of ${wait} ms`)
  return undefined
}

/** The two signatures of a header: the producer's over the block, and its ticket over the parent. */
export function headerJobs({ message, signature }: SignedHeader, genesis: Uint8Array): SignatureJob[] {
  return [
    { publicKey: message.producer, message: headerSigningRoot(message, genesis), signature },
    {
      publicKey: message.producer,
      message: ticketSigningRoot(message.parents[0]!, genesis),
      signature: message.ticket,
    },
  ]
}

/** A validated header as the parent of the next one. */
export function factsOf(header: SignedHeader, parent: Pick<ParentFacts, 'timestamp' | 'work'>): ParentFacts {
  const { height, timestamp, difficulty } = header.message
  const root = blockRoot(header.message)
  return {
    hash: toHex(root),
    root,
    height,
    timestamp,
    difficulty,
    work: parent.work + BigInt(difficulty),
    parentTimestamp: parent.timestamp,
  }
}
