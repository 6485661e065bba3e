// Canary transactions: given to every side while the faults last, looked for when all is over.
import { type Canary, MAX_CANARIES } from '../../api/run.ts'
import { activeAt, type CompiledFault, endOf, stoppedAt } from '../matrix.ts'
import { hearing, sidesOf } from '../reach.ts'
import { type NodeClient, NodeRefused, pause, reasonOf } from './node-client.ts'
import type { Recorder } from './recorder.ts'
import type { CanarySource } from './target.ts'

/** Canaries of one run: enough to meet both sides at several moments, few enough not to be the load. */
export const CANARIES_PER_RUN = 16
/** Nodes that are asked to take one canary, one after the other while none answers. */
const MAX_ASKED = 3
const NO_ANSWER = 'no answer'
/** Blocks read to find a canary's inclusions. */
const MAX_BLOCKS_READ = 20_000

export interface CanaryOptions {
  readonly source: CanarySource
  readonly clients: ReadonlyMap<string, NodeClient>
  readonly recorder: Recorder
  readonly now: () => number
}

/** Sends those that were not sent yet spread over the time of the faults, to the sides in turn. Resolves early when the signal aborts. */
export async function sendCanaries(
  compiled: readonly CompiledFault[],
  startedAt: number,
  { source, clients, recorder, now }: CanaryOptions,
  signal: AbortSignal,
): Promise<void> {
  const names = [...clients.keys()]
  const count = Math.min(source.addresses.length, CANARIES_PER_RUN, MAX_CANARIES)
  const end = endOf(compiled)
  const sent = new Set(recorder.record.canaries.map(canary => canary.index))
  for (let index = 0; index < count; index++) {
    if (sent.has(index)) continue
    const due = ((index + 0.5) / count) * end
    await pause(startedAt + due - now(), signal)
    if (signal.aborted) return
    const stopped = stoppedAt(compiled, due)
    const sides = sidesOf(hearing(activeAt(compiled, due), names))
      .map(side => side.filter(name => !stopped.has(name)))
      .filter(side => side.length > 0)
    const side = index % Math.max(1, sides.length)
    const members = sides[side] ?? []
    const first = Math.floor(index / sides.length) % (members.length || 1)
    let canary: Canary | undefined
    // A node may be down for other reasons, or not be back yet: then another of its side is asked.
    for (const node of [...members.slice(first), ...members.slice(0, first)].slice(0, MAX_ASKED)) {
      canary = await send(index, side, clients.get(node)!, source, now, signal)
      if (canary.id !== null || canary.refused?.startsWith(NO_ANSWER) !== true) break
    }
    if (canary) recorder.canary(canary)
  }
}

async function send(
  index: number,
  side: number,
  client: NodeClient,
  source: CanarySource,
  now: () => number,
  signal: AbortSignal,
): Promise<Canary> {
  const canary: Canary = {
    index,
    id: null,
    node: client.name,
    side,
    submittedAt: now(),
    duringFault: 'unknown',
    fate: 'unknown',
    blocks: [],
  }
  try {
    const nonce = await client.nextNonce(source.addresses[index]!, { signal })
    if (nonce === undefined) return { ...canary, fate: 'refused', refused: 'the account has no balance' }
    return { ...canary, id: await client.submit(await source.sign(index, nonce), { signal }) }
  } catch (error) {
    // Only a node that answered has refused; of one that did not, nobody knows what it took.
    const refused = error instanceof NodeRefused
    return { ...canary, fate: 'refused', refused: refused ? error.message : `${NO_ANSWER}: ${reasonOf(error)}` }
  }
}

/** Notes where each canary is at the end of the faults, by the node it was given to. */
export async function noteDuringFault(
  { clients, recorder }: Pick<CanaryOptions, 'clients' | 'recorder'>,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    recorder.record.canaries.map(async canary => {
      if (canary.id === null) return
      const found = await clients
        .get(canary.node)
        ?.transaction(canary.id, { signal })
        .catch(() => undefined)
      if (found) canary.duringFault = found.state === 'included' ? 'included' : 'pool'
    }),
  )
}

/**
 * Finds each canary's fate: in how many blocks of the main chain it stands, as the first node that answers tells them
 * from `fromHeight` on, else in whose pool it waits.
 */
export async function findFates(
  fromHeight: number,
  { clients, recorder }: Pick<CanaryOptions, 'clients' | 'recorder'>,
  signal: AbortSignal,
): Promise<void> {
  const canaries = recorder.record.canaries.filter(({ id }) => id !== null)
  if (canaries.length === 0) return
  const inclusions = await inclusionsFrom(
    fromHeight,
    [...clients.values()],
    new Set(canaries.map(({ id }) => id!)),
    signal,
  )
  await Promise.all(
    canaries.map(async canary => {
      const blocks = inclusions?.get(canary.id!) ?? []
      canary.blocks = blocks.slice(0, 16)
      canary.fate = !inclusions
        ? 'unknown'
        : blocks.length > 1
          ? 'doubled'
          : blocks.length === 1
            ? 'included'
            : await fateInPools(canary.id!, [...clients.values()], signal)
    }),
  )
}

type Inclusions = Map<string, { hash: string; height: number }[]>

async function inclusionsFrom(
  fromHeight: number,
  clients: readonly NodeClient[],
  wanted: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Inclusions | undefined> {
  for (const client of clients) {
    try {
      const found: Inclusions = new Map()
      for (let height = fromHeight; height < fromHeight + MAX_BLOCKS_READ; height++) {
        const block = await client.block(height, { signal })
        if (!block) return found
        for (const id of block.transactions) {
          if (wanted.has(id)) found.set(id, [...(found.get(id) ?? []), { hash: block.hash, height }])
        }
      }
    } catch {
      // The next node may answer.
    }
  }
  return undefined
}

async function fateInPools(id: string, clients: readonly NodeClient[], signal: AbortSignal): Promise<Canary['fate']> {
  const answers = await Promise.allSettled(clients.map(client => client.transaction(id, { signal })))
  const states = answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value?.state] : []))
  if (states.includes('included')) return 'included'
  if (states.includes('pending')) return 'pool'
  return states.length > 0 ? 'lost' : 'unknown'
}
