// Hands held blocks to the importer, parents first, and takes its answers.
import type { Block, Hash, Millis } from '../chain/types.ts'
import type { PeerId } from '../stacks/port.ts'
import { MAX_IMPORT_ATTEMPTS, MAX_IMPORTING } from './bounds.ts'
import type { SyncEffect, SyncEvent } from './events.ts'
import { childrenOf, type Entry, removeEntry, subtree } from './header-tree.ts'
import { backOff } from './peer-table.ts'
import { punish, rememberInvalid, type SyncState } from './state.ts'

/** Keeps a body that arrived. */
export function hold(state: SyncState, entry: Entry, block: Block, bytes: number, from: PeerId): void {
  if (entry.state !== 'requested' && entry.state !== 'wanted') return
  entry.state = 'held'
  entry.block = block
  entry.bytes = bytes
  entry.bodyFrom = from
  state.heldBytes += bytes
  enqueue(state, entry)
}

/** Queues a held block whose parent is in the chain or ahead of it, and then its held descendants. */
function enqueue(state: SyncState, entry: Entry): void {
  const pending = [entry]
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (next.state !== 'held') continue
    const parent = state.tree.entries.get(next.parent)
    const ready = parent ? parent.state === 'queued' || parent.state === 'importing' : state.view.has(next.parent)
    if (!ready) continue
    next.state = 'queued'
    state.queue.push(next)
    pending.push(...childrenOf(state.tree, next.hash))
  }
}

export function drainQueue(state: SyncState): SyncEffect[] {
  const effects: SyncEffect[] = []
  while (state.importing < MAX_IMPORTING) {
    const entry = state.queue.shift()
    if (!entry) break
    entry.state = 'importing'
    state.importing++
    effects.push({ kind: 'import', hash: entry.hash, block: entry.block!, from: entry.bodyFrom! })
  }
  return effects
}

/** The chain has the block: from our import, gossip or production. */
export function imported(state: SyncState, hash: Hash): void {
  const entry = state.tree.entries.get(hash)
  if (!entry) return
  drop(state, entry)
  for (const child of childrenOf(state.tree, hash)) enqueue(state, child)
}

export function importFailed(
  state: SyncState,
  event: SyncEvent & { kind: 'import-failed' },
  now: Millis,
): SyncEffect[] {
  const entry = state.tree.entries.get(event.hash)
  // An answer about a body that came from elsewhere belongs to an entry that was dropped and fetched again.
  if (entry?.state !== 'importing' || entry.bodyFrom !== event.from) return []
  state.importing--
  entry.state = 'held'
  if (event.reason === 'invalid') return condemn(state, entry)
  // Waiting for a parent that is itself fetched again is no attempt.
  if (!state.tree.entries.has(entry.parent)) entry.attempts++
  if (event.reason === 'stale' || entry.attempts >= MAX_IMPORT_ATTEMPTS) {
    dropSubtree(state, entry)
    return []
  }
  if (event.reason === 'bad-body') return distrust(state, entry, now)
  if (entry.tainted) want(state, entry)
  else enqueue(state, entry)
  return []
}

/** A body was not its block's: whatever else that peer brought and is not in import yet is fetched again elsewhere. */
function distrust(state: SyncState, entry: Entry, now: Millis): SyncEffect[] {
  const source = entry.bodyFrom!
  const peer = state.peers.get(source)
  if (peer) backOff(peer, now, false)
  for (const other of state.tree.entries.values()) {
    const parent = state.tree.entries.get(other.parent)
    if ((other.state === 'held' || other.state === 'queued') && other.bodyFrom === source) {
      want(state, other)
    } else if (other.state === 'importing' && other.bodyFrom === source) {
      other.tainted = true
    } else if (other.state === 'queued' && parent && parent.state !== 'queued' && parent.state !== 'importing') {
      other.state = 'held'
    }
  }
  state.queue = state.queue.filter(queued => queued.state === 'queued')
  return [punish(source, 'sync-wrong-body')]
}

/** A block breaks a rule: it and everything above it goes, and all whose chain it was pay. */
export function condemn(state: SyncState, root: Entry): SyncEffect[] {
  const culprits = new Set<PeerId>([root.headerFrom])
  const hashes = new Set<Hash>()
  for (const entry of subtree(state.tree, root)) {
    hashes.add(entry.hash)
    rememberInvalid(state, entry.hash)
  }
  for (const peer of state.peers.values()) {
    if (peer.tip === null || !hashes.has(peer.tip)) continue
    // Gossip travels on before a block is executed: who only forwarded it has claimed nothing.
    const forwarded = peer.head?.hash === peer.tip && peer.head.work === null
    if (!forwarded) culprits.add(peer.id)
    peer.tip = null
  }
  dropSubtree(state, root)
  return [...culprits].map(peer => punish(peer, 'sync-invalid-block'))
}

/** Forgets an entry and all above it. Answers of the importer and of peers for them are ignored from now on. */
export function dropSubtree(state: SyncState, root: Entry): void {
  for (const entry of subtree(state.tree, root).reverse()) drop(state, entry)
  state.queue = state.queue.filter(entry => state.tree.entries.has(entry.hash))
}

function drop(state: SyncState, entry: Entry): void {
  if (entry.state === 'importing') state.importing--
  if (entry.state === 'queued') state.queue = state.queue.filter(queued => queued !== entry)
  releaseBody(state, entry)
  removeEntry(state.tree, entry)
}

/** The body is to be fetched again. */
function want(state: SyncState, entry: Entry): void {
  releaseBody(state, entry)
  entry.state = entry.requests > 0 ? 'requested' : 'wanted'
}

function releaseBody(state: SyncState, entry: Entry): void {
  state.heldBytes -= entry.bytes
  entry.bytes = 0
  entry.block = null
  entry.tainted = false
}
