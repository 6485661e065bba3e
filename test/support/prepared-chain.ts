// A testnet whose chain exists before any node runs: blocks are built, executed and written to a data directory
// directly, some 2,000 a second, so that tests and benchmarks of synchronisation need not wait for them to be mined.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseResources } from '../../api/kinds.ts'
import type { Testnet } from '../../api/testnet.ts'
import {
  type Address,
  Chain,
  encodeBody,
  encodeHeader,
  encodeVote,
  fromHex,
  toHex,
  transactionId,
  type Vote,
} from '../../node/chain/index.ts'
import { castVotes, makeBlock, signTransaction, type TestKey } from '../../node/chain/testing.ts'
import { signingKey } from '../../node/intake/verifier.ts'
import { Snapshots, saveCertificates } from '../../node/store/restore.ts'
import { Store } from '../../node/store/store.ts'
import { expand } from '../../operator/testnet/expand.ts'
import type { Expanded } from '../../operator/testnet/spec.ts'

export interface PreparedOptions {
  readonly blocks: number
  /** Signed transfers in every block, from the 64 canary accounts in turn. @default 0 */
  readonly transactionsPerBlock?: number
  /** Of each transfer. @default 0 */
  readonly payloadBytes?: number
  /** Nodes beside the one miner `miner-0`: `full-0`, `full-1` and so on. All nodes are static peers of each other. @default 1 */
  readonly fullNodes?: number
  /** Of the chain, and of what the miner adds later. @default 1000 */
  readonly blockIntervalMs?: number
}

export interface PreparedChain {
  /** The Testnet, for Network.create. */
  readonly yaml: string
  readonly expanded: Expanded
  readonly head: { readonly hash: string; readonly height: number; readonly work: bigint }
  /** A closed store of the whole chain with what a miner keeps beside it. */
  readonly dataDir: string
  /** Copies the store to a node's data directory; the node must not run. */
  copyTo(dataDir: string): Promise<void>
  remove(): Promise<void>
}

/** The chain's clock ends this long before now: a margin for the lottery's luck, and its retarget barely notices. */
const marginMs = 60_000

/** Builds the chain, about 2,000 empty blocks a second. Its head is in the past, its last checkpoints are final. */
export async function prepareChain(options: PreparedOptions): Promise<PreparedChain> {
  const yaml = testnetOf(options)
  const [parsed] = parseResources(yaml, 'prepared.yaml')
  const expanded = expand(parsed!.value as Testnet)
  const directory = await mkdtemp(join(tmpdir(), 'trellis-chain-'))
  const dataDir = join(directory, 'data')
  const head = await fill(dataDir, expanded, options)
  return {
    yaml,
    expanded,
    head,
    dataDir,
    copyTo: target => cp(dataDir, target, { recursive: true }),
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

function testnetOf({ blocks, fullNodes = 1, blockIntervalMs = 1_000 }: PreparedOptions): string {
  // The sum of n waits varies by their mean times the root of n; five of those are never reached.
  const luckMs = 5 * Math.sqrt(blocks) * blockIntervalMs
  const time = new Date(Date.now() - blocks * blockIntervalMs - luckMs - marginMs)
  return `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: prepared }
spec:
  network: { topology: { shape: full } }
  chain:
    blockInterval: ${blockIntervalMs}ms
    finality: { checkpointInterval: 8 }
    genesis: { time: '${time.toISOString()}' }
    maxBlockBytes: 4MiB
  groups:
    - { name: miner, role: miner }
${fullNodes > 0 ? `    - { name: full, role: full, count: ${fullNodes} }\n` : ''}`
}

async function fill(
  dataDir: string,
  { genesis, nodes, canaries }: Expanded,
  { blocks, transactionsPerBlock = 0, payloadBytes = 0 }: PreparedOptions,
): Promise<PreparedChain['head']> {
  const chain = new Chain(genesis)
  const store = await Store.open(dataDir, chain.genesisHash)
  const snapshots = new Snapshots(chain, store)
  const validator = keyOf(nodes.find(({ keys }) => keys.validator !== undefined)!.keys.validator!)
  const senders = canaries.map(({ seed }) => keyOf(seed))
  const nonces = new Array<number>(senders.length).fill(0)
  const payload = new Uint8Array(payloadBytes)
  const last = new Map<Address, Vote>()
  let next = 0

  for (let height = 1; height <= blocks; height++) {
    const candidates = Array.from({ length: transactionsPerBlock }, () => {
      const index = next++ % senders.length
      const nonce = nonces[index]!++
      return signTransaction(senders[index]!, chain.domain, {
        recipient: senders[next % senders.length]!.publicKey,
        nonce,
        payload,
      })
    })
    const block = makeBlock(chain, validator, { candidates })
    const { kind, record } = { record: undefined, ...chain.insert(block) }
    if (kind !== 'inserted' || record === undefined) throw new Error(`block ${height} was not inserted: ${kind}`)
    if (block.transactions.length !== transactionsPerBlock)
      throw new Error(`block ${height} took ${block.transactions.length} of ${transactionsPerBlock} transactions`)
    const { hash } = record
    await store.putBlock({ hash, height, header: encodeHeader(block.header), body: encodeBody(block.transactions) })
    await store.setMain(
      height,
      [{ hash, transactions: block.transactions.map(item => transactionId(item, chain.domain)) }],
      height - 1,
    )
    for (const vote of castVotes(chain, [validator], last)) {
      chain.addVote(vote)
      await store.setSlot('last-vote', encodeVote(vote))
    }
  }
  if (chain.head.timestamp > Date.now()) throw new Error('the lottery was slower than the margin allows')
  await saveCertificates(chain, store)
  await snapshots.save()
  await store.close()
  const { hash, height, work } = chain.head
  return { hash, height, work }
}

function keyOf(seed: string): TestKey {
  const key = signingKey(seed)
  return { seed: fromHex(seed), publicKey: key.publicKey, address: toHex(key.publicKey), sign: key.sign }
}
