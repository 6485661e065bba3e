// Peers that serve garbage to a node that synchronises: each is found out, and the node gets its chain from the honest one.
import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import type { PeerStatus } from '../../api/observation.ts'
import {
  decodeHeader,
  encodeBody,
  encodeHeaders,
  genesisBlock,
  type Hash,
  type SignedHeader,
} from '../../node/chain/index.ts'
import { hashKey, signTransaction } from '../../node/chain/testing.ts'
import { Store } from '../../node/store/store.ts'
import { decodeBodiesRequest, decodeHeadersRequest, encodeBodyFrame, type Status } from '../../node/sync/messages.ts'
import { scrape } from '../support/metrics.ts'
import { agree, describeStatuses, Network, until } from '../support/network.ts'
import { type PreparedChain, prepareChain } from '../support/prepared-chain.ts'
import { Stranger, type StrangerOptions } from '../support/stranger.ts'

const blocks = 600
const victim = 'full-0'
/** More work than any chain could have. */
const fantastic = 1n << 200n

let network: Network | undefined
let chain: PreparedChain | undefined
let store: Store | undefined
let strangers: Stranger[] = []
afterEach(async () => {
  await Promise.all(strangers.map(({ stack }) => stack.stop()))
  await network?.stop()
  await store?.close()
  await chain?.remove()
  strangers = []
  network = chain = store = undefined
})

type Answer = NonNullable<StrangerOptions['answer']>
interface Liar {
  readonly name: string
  /** Whichever of these is found first. */
  readonly offences: readonly string[]
  readonly head?: Partial<Status['head']>
  /** Noticed, but not soon dropped for: an honest node may look like it for a while. */
  readonly light?: boolean
  readonly answer: (served: Served) => Answer
}

/** The true chain, to lie with. */
interface Served {
  readonly domain: Uint8Array
  readonly genesis: Hash
  /** Headers after the first block of the locator that the chain has. */
  headersAfter(locator: readonly Hash[], max: number): Promise<SignedHeader[]>
  body(hash: Hash): Promise<Uint8Array | undefined>
}

/** The true headers, unless `change` says otherwise, and bodies as `bodies` makes them. */
const honest = (
  served: Served,
  change: (headers: SignedHeader[]) => SignedHeader[],
  bodies: (hash: Hash) => Promise<Uint8Array>,
): Answer =>
  async function* (method, bytes) {
    if (method === 'headers') {
      const { locator, max } = decodeHeadersRequest(bytes)
      const headers = change(await served.headersAfter(locator, max))
      for (let i = 0; i < headers.length; i += 64) yield encodeHeaders(headers.slice(i, i + 64))
    }
    if (method === 'bodies') for (const hash of decodeBodiesRequest(bytes)) yield bodies(hash)
  }
/** Lies to whoever asks, however much it has already. */
const fromGenesis = (served: Served, change: (headers: SignedHeader[]) => SignedHeader[]): Answer =>
  async function* (method) {
    if (method === 'headers') yield encodeHeaders(change(await served.headersAfter([served.genesis], 400)).slice(0, 64))
  }
const same = <T>(value: T): T => value
const absent = async () => encodeBodyFrame(undefined)

/** A head that nobody has. */
const nowhere = { height: 1_000_000, hash: 'ab'.repeat(32) }

const liars: readonly Liar[] = [
  {
    name: 'garbage for headers',
    offences: ['sync-malformed-answer'],
    head: { ...nowhere, work: fantastic },
    answer: () =>
      async function* () {
        yield randomBytes(300)
      },
  },
  {
    name: 'an answer without end',
    offences: ['oversized-frame', 'sync-malformed-answer'],
    head: { ...nowhere, work: fantastic },
    answer: () =>
      async function* () {
        for (;;) yield randomBytes(1_000)
      },
  },
  {
    name: 'a frame beyond the limit',
    offences: ['oversized-frame', 'malformed-frame'],
    head: { ...nowhere, work: fantastic },
    answer: () =>
      async function* () {
        yield randomBytes(1_048_576)
      },
  },
  {
    name: 'headers that do not link to what was asked',
    offences: ['sync-unlinked-headers'],
    head: { ...nowhere, work: fantastic },
    answer: served => fromGenesis(served, headers => headers.slice(300)),
  },
  {
    name: 'headers that do not link to each other',
    offences: ['sync-unlinked-headers'],
    head: { ...nowhere, work: fantastic },
    answer: served => fromGenesis(served, headers => headers.filter((_, index) => index !== 5)),
  },
  {
    name: 'headers with forged signatures',
    offences: ['sync-invalid-headers'],
    head: { ...nowhere, work: fantastic },
    answer: served =>
      honest(served, headers => headers.map(({ message }) => ({ message, signature: randomBytes(64) })), absent),
  },
  {
    name: 'headers that claim a fantastic difficulty',
    offences: ['sync-invalid-headers'],
    head: { ...nowhere, work: fantastic },
    answer: served =>
      honest(
        served,
        ([first]) => (first ? [{ ...first, message: { ...first.message, difficulty: 2 ** 50 } }] : []),
        absent,
      ),
  },
  {
    name: 'bodies of other blocks',
    offences: ['sync-wrong-body'],
    answer: served =>
      honest(served, same, async () =>
        encodeBodyFrame(encodeBody([signTransaction(hashKey('liar'), served.domain, { payload: randomBytes(8) })])),
      ),
  },
  {
    name: 'garbage for bodies',
    offences: ['sync-malformed-answer', 'sync-wrong-body'],
    answer: served => honest(served, same, async () => randomBytes(200)),
  },
  {
    name: 'nothing behind a fantastic head',
    offences: ['sync-empty-answer'],
    light: true,
    head: { ...nowhere, work: fantastic },
    answer: () => async function* () {},
  },
  {
    name: 'the true head with fantastic work',
    offences: ['sync-false-status'],
    head: { work: fantastic },
    answer: () => async function* () {},
  },
]

async function openStore(prepared: PreparedChain): Promise<Served> {
  const genesis = genesisBlock(prepared.expanded.genesis)
  const opened = await Store.open(prepared.dataDir, genesis.record.hash)
  store = opened
  const heightOf = async (hash: Hash): Promise<number | undefined> => {
    if (hash === genesis.record.hash) return 0
    const header = await opened.header(hash)
    return header && decodeHeader(header).message.height
  }
  return {
    domain: genesis.root,
    genesis: genesis.record.hash,
    headersAfter: async (locator, max) => {
      for (const hash of locator) {
        const height = await heightOf(hash)
        if (height === undefined) continue
        const hashes = await opened.mainRange(height + 1, max)
        return Promise.all(hashes.map(async at => decodeHeader((await opened.header(at))!)))
      }
      return []
    },
    body: hash => opened.body(hash),
  }
}

it('every peer that serves garbage is dropped, and the node synchronises from the honest one', {
  timeout: 120_000,
}, async () => {
  const prepared = await prepareChain({ blocks, transactionsPerBlock: 2, blockIntervalMs: 500 })
  chain = prepared
  const net = await Network.create(prepared.yaml, { configure: config => ({ ...config, logLevel: 'debug' }) })
  network = net
  await prepared.copyTo(net.node('miner-0').dataDir)
  await net.start(victim)
  const base = net.node(victim).client.endpoint.statusUrl
  const served = await openStore(prepared)
  const rss = (await scrape(base))('process_resident_memory_bytes')

  const byName = new Map<string, Stranger>()
  for (const [number, liar] of liars.entries()) {
    const stranger = await Stranger.start(net, victim, {
      number,
      status: own => ({ ...own, name: `liar-${number}`, head: { ...prepared.head, ...liar.head } }),
      answer: liar.answer(served),
    })
    strangers.push(stranger)
    byName.set(liar.name, stranger)
  }
  await Promise.all(strangers.map(stranger => stranger.meet()))
  // The honest one comes last: by then the node has believed whom it could.
  await until('the first liar to be found out', 20_000, () => strangers.some(({ connected }) => !connected), 20)
  await net.start('miner-0')

  await until(
    'the chain of the honest peer',
    40_000,
    async () => {
      const statuses = await net.statuses()
      return agree(statuses) && statuses.every(({ head }) => head.height > blocks)
    },
    50,
    async () => describeStatuses(await net.statuses()),
  )
  const block = await net.node(victim).client.block(blocks, { signal: AbortSignal.timeout(5_000) })
  expect(block).toMatchObject({ hash: prepared.head.hash })

  const remaining = () =>
    liars.filter(({ name, light }) => !light && byName.get(name)!.connected).map(({ name }) => name)
  await until(
    'all liars are dropped',
    60_000,
    () => remaining().length === 0,
    50,
    async () => {
      const { peers } = (await (await fetch(`${base}/v1/peers`)).json()) as { peers: PeerStatus[] }
      const scores = peers.map(({ name, score }) => `${name} ${score.toFixed(1)}`)
      return `still there: ${remaining().join(', ')}; ${scores.join(', ')}`
    },
  )
  // What was held against whom, as the victim logged it.
  let unnoticed: string[] = []
  await until(
    'every liar is noticed',
    20_000,
    async () => {
      const lines = (await net.log(victim)).split('\n').filter(line => line.includes('"misbehaviour"'))
      const noticed = lines.map(line => JSON.parse(line) as { peer: string; offence: string })
      unnoticed = liars.flatMap(({ name, offences }) => {
        const { id } = byName.get(name)!.stack
        const found = noticed.filter(({ peer }) => peer === id).map(({ offence }) => offence)
        return found.some(offence => offences.includes(offence)) ? [] : [`${name}: ${found.join(', ')}`]
      })
      return unnoticed.length === 0
    },
    100,
    () => unnoticed.join('\n'),
  )
  const dropped = liars.filter(({ light }) => !light).map(({ name }) => byName.get(name)!)
  for (const stranger of dropped) await expect(stranger.meet(), 'dialled again').rejects.toThrow()
  const { peers } = (await (await fetch(`${base}/v1/peers`)).json()) as { peers: PeerStatus[] }
  expect(peers.find(({ name }) => name === 'miner-0')?.score).toBe(0)
  expect((await scrape(base))('process_resident_memory_bytes') - rss).toBeLessThan(150 * 1_048_576)
})
