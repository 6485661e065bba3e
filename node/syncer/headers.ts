// Validates headers for the scheduler: the chain's rules, then the signatures on the thread pool.
import { blockHash, type Chain, fromHex, type HeaderTail, type SignatureJob } from '../chain/index.ts'
import type { PendingParent, SyncEffect, SyncEvent } from '../sync/events.ts'

type CheckEffect = Extract<SyncEffect, { kind: 'check-headers' }>

/** The answer to check-headers. Never rejects because of what the headers hold. */
export async function checkHeaders(
  chain: Chain,
  verify: (jobs: readonly SignatureJob[]) => Promise<boolean>,
  { request, headers, after }: CheckEffect,
  now: () => number,
): Promise<Extract<SyncEvent, { kind: 'checked' }>> {
  const tail = after === null ? undefined : tailOf(chain, after)
  let verdict = chain.checkHeaders(headers, now(), tail)
  let [valid, problem]: [number, 'early' | null] = [headers.length, null]
  if (verdict.kind === 'early') {
    // A producer's clock may run ahead of ours: what comes before that header is good all the same.
    valid = verdict.index
    problem = 'early'
    if (valid === 0) return { kind: 'checked', request, valid, problem }
    verdict = chain.checkHeaders(headers.slice(0, valid), now(), tail)
  }
  if (verdict.kind === 'invalid') return { kind: 'checked', request, valid: 0, problem: verdict.code }
  // The parent was there when the headers arrived and was pruned since: nobody is to blame.
  if (verdict.kind !== 'ok') return { kind: 'checked', request, valid: 0, problem: 'early' }
  if (!(await verify(verdict.jobs))) return { kind: 'checked', request, valid: 0, problem: 'bad-signature' }
  return { kind: 'checked', request, valid, problem }
}

/** A pending header in the form the chain's rules take a parent in. */
function tailOf(chain: Chain, { header, work, parent, below }: PendingParent): HeaderTail | undefined {
  const { height, timestamp, difficulty } = header.message
  const parentTimestamp = below?.message.timestamp ?? chain.get(parent)?.timestamp
  if (parentTimestamp === undefined) return undefined
  const hash = blockHash(header.message)
  return { hash, root: fromHex(hash), height, timestamp, difficulty, work, parentTimestamp }
}
