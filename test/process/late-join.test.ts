import { afterEach, expect, it } from 'vitest'
import { agree, describeStatuses, Network, until } from '../support/network.ts'
import { type PreparedChain, prepareChain } from '../support/prepared-chain.ts'

let network: Network | undefined
let chain: PreparedChain | undefined
afterEach(async () => {
  await network?.stop()
  await chain?.remove()
  network = chain = undefined
})

const blocks = 2_000

it(`a node that joins a chain of ${blocks} blocks reaches the head while blocks keep coming`, async () => {
  chain = await prepareChain({ blocks, transactionsPerBlock: 5, blockIntervalMs: 500 })
  network = await Network.create(chain.yaml)
  const net = network
  await chain.copyTo(net.node('miner-0').dataDir)
  await net.start('miner-0')
  await until('the miner goes on from the prepared head', 20_000, async () => {
    const { head, recent } = await net.status('miner-0')
    if (head.height <= blocks) return false
    expect(recent.find(({ height }) => height === blocks)?.hash).toBe(chain!.head.hash)
    return true
  })

  await net.start('full-0')
  const joinedAt = (await net.status('miner-0')).head.height
  const synced = await until(
    'the late node has the head of the moment',
    40_000,
    async () => {
      const statuses = await net.statuses(['miner-0', 'full-0'])
      const [miner, late] = statuses
      return agree(statuses) && late!.sync.state === 'idle' && late!.head.height >= miner!.head.height
    },
    50,
    async () => describeStatuses(await net.statuses()),
  )
  // It stays there, and finality reaches it too.
  const target = (await net.status('miner-0')).head.height + 8
  expect(target - 8, 'the chain grew meanwhile').toBeGreaterThanOrEqual(joinedAt)
  await until(
    'new blocks and their finality at both',
    20_000,
    async () => {
      const statuses = await net.statuses()
      return agree(statuses) && statuses.every(s => s.head.height > target && s.finalized.height >= target - 8)
    },
    50,
    async () => describeStatuses(await net.statuses()),
  )
  const [miner, late] = await net.statuses(['miner-0', 'full-0'])
  expect(late!.genesis).toBe(miner!.genesis)
  // Whatever height one asks for, the late node has the same block with the same transactions.
  for (const height of [1, 999, blocks]) {
    const options = { signal: AbortSignal.timeout(5_000) }
    const [theirs, ours] = await Promise.all(
      ['miner-0', 'full-0'].map(name => net.node(name).client.block(height, options)),
    )
    expect(ours).toEqual(theirs)
    expect(ours?.transactions).toHaveLength(5)
  }
  console.log(`late join: ${blocks} blocks in ${Math.round(synced)} ms`)
})

it('a miner that came after the genesis follows', async () => {
  const yaml = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: after }
spec:
  network: { topology: { shape: full } }
  chain: { blockInterval: 200ms }
  groups: [{ name: miner, role: miner, count: 2 }]
`
  // As after scaling up: the genesis knows the first alone.
  network = await Network.create(yaml, {
    configure: config => ({
      ...config,
      genesis: { ...config.genesis, validators: config.genesis.validators.slice(0, 1) },
    }),
  })
  const net = network
  await net.start()
  await until(
    'both are on a chain that grows',
    20_000,
    async () => {
      const statuses = await net.statuses()
      return agree(statuses) && statuses.every(({ head, finalized }) => head.height > 10 && finalized.height > 0)
    },
    50,
    async () => describeStatuses(await net.statuses()),
  )
})
