// The handshake's judgement: may these two nodes talk?
import type { Status } from './messages.ts'

export type StatusVerdict =
  | { readonly kind: 'ok' }
  /** `reason` is for people; `wrong-network` peers are never dialled again, others may be mended. */
  | { readonly kind: 'wrong'; readonly code: 'wrong-network' | 'wrong-version'; readonly reason: string }

/** Compares identities only; where the chains stand is the scheduler's matter. The same answer on both sides. */
export function judgeStatus(ours: Status, theirs: Status): StatusVerdict {
  if (theirs.chainId !== ours.chainId)
    return { kind: 'wrong', code: 'wrong-network', reason: `chain ${theirs.chainId}, ours is ${ours.chainId}` }
  if (theirs.genesisHash !== ours.genesisHash)
    return {
      kind: 'wrong',
      code: 'wrong-network',
      reason: `genesis ${theirs.genesisHash.slice(0, 16)}, ours is ${ours.genesisHash.slice(0, 16)}`,
    }
  if (theirs.protocolVersion !== ours.protocolVersion)
    return {
      kind: 'wrong',
      code: 'wrong-version',
      reason: `protocol version ${theirs.protocolVersion}, ours is ${ours.protocolVersion}`,
    }
  return { kind: 'ok' }
}
