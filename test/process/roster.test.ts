// A node takes up the latency of nodes that came after it, while it runs.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import type { NodeConfig } from '../../api/node-config.ts'
import type { PeerStatus } from '../../api/observation.ts'
import { Network, until } from '../support/network.ts'

const oneWayMs = 150
const testnet = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: roster }
spec:
  chain: { blockInterval: 200ms }
  network:
    topology: { shape: full }
    regions: [{ name: east }, { name: west }]
    latency: [{ from: east, to: west, delay: ${oneWayMs}ms }]
  groups:
    - { name: miner, role: miner, region: east }
    - { name: late, role: full, region: west }
`
/** More than what one end alone imposes; the round trip that is told lags behind what is measured. */
const bothWaysMs = 1.5 * oneWayMs
/** Files are looked at every 10 s, and round trips are measured now and then. */
const withinMs = 45_000

let network: Network
afterEach(() => network?.stop())

it('the roster is read again, and a file that makes no sense changes nothing', async () => {
  // As if the second node had come later: it knows the first, which does not know it.
  const alone = (config: NodeConfig): NodeConfig => ({
    ...config,
    roster: config.roster.filter(({ name }) => name === 'miner-0'),
  })
  network = await Network.create(testnet, { layered: true, configure: alone })
  await network.start()
  const [shared] = network.node('miner-0').files
  const write = (text: string): void => {
    writeFileSync(`${shared}.new`, text)
    renameSync(`${shared}.new`, shared!)
  }
  const roundTrip = async (): Promise<number | null> => {
    const { host, http } = network.node('miner-0').config.listen
    const { peers } = (await (await fetch(`http://${host}:${http}/v1/peers`)).json()) as { peers: PeerStatus[] }
    return peers.find(({ name }) => name === 'late-0')?.latencyMs ?? null
  }
  const log = () => network.log('miner-0')
  await until('a round trip is known', withinMs, async () => (await roundTrip()) !== null, 100, log)
  expect(await roundTrip()).toBeLessThan(bothWaysMs)

  const whole = JSON.parse(readFileSync(shared!, 'utf8')) as NodeConfig
  const roster = network.expanded.nodes.map(({ name, peerId, region }) => ({ name, peerId, region }))
  write(JSON.stringify({ ...whole, roster }))
  await until('both ends impose it', withinMs, async () => ((await roundTrip()) ?? 0) >= bothWaysMs, 100, log)
  expect(await log()).toContain('roster changed')

  write('{ "roster": ')
  await until('it is complained of', withinMs, async () => (await log()).includes('roster not read again'), 100, log)
  expect(await log()).toContain('is not JSON')
  expect(await roundTrip()).toBeGreaterThanOrEqual(bothWaysMs)
})
