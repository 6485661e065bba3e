// kill -9 at random moments. The seed is printed and can be given again as TRELLIS_TEST_SEED.
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import type { NodeEvent } from '../../api/observation.ts'
import { seededRng } from '../../api/random.ts'
import { collectEvents } from '../../chaos/runner/event-collector.ts'
import { canarySigner } from '../../operator/local/canary.ts'
import { agree, describeStatuses, Network, until, untilAgreed } from '../support/network.ts'

const testnet = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: kills }
spec:
  chain: { blockInterval: 400ms, finality: { checkpointInterval: 4 } }
  load: { rate: 20, payload: 64B, accounts: 8 }
  groups:
    - { name: boot, role: bootstrap }
    - { name: miner, role: miner, count: 4 }
    - { name: load, role: load }
`
const kills = 50
/** Nodes that are down or starting at one time: the others must be able to go on. */
const killers = 2
const canaries = 20
const seed = process.env.TRELLIS_TEST_SEED ?? String(Math.floor(Math.random() * 1e9))
const ended = new AbortController()
const call = () => ({ signal: AbortSignal.timeout(20_000), timeoutMs: 10_000 })

let network: Network
afterEach(async () => {
  ended.abort()
  await network?.stop()
})

/** What nodes told anybody before they were killed. */
class Acknowledged {
  readonly #all = new Map<string, Set<string>>()
  readonly #unchecked = new Map<string, Set<string>>()
  readonly equivocations: string[] = []

  note(node: string, hash: string): void {
    const all = this.#all.getOrInsertComputed(node, () => new Set())
    if (all.has(hash)) return
    all.add(hash)
    this.#unchecked.getOrInsertComputed(node, () => new Set()).add(hash)
  }

  event(node: string, event: NodeEvent): void {
    if (event.kind === 'block' || event.kind === 'head') this.note(node, event.hash)
    if (event.kind === 'equivocation') this.equivocations.push(`${node}: ${JSON.stringify(event)}`)
  }

  /** Blocks of the node that were not looked for since they were told. */
  take(node: string): string[] {
    const hashes = [...(this.#unchecked.get(node) ?? [])]
    this.#unchecked.delete(node)
    return hashes
  }

  all(node: string): string[] {
    return [...(this.#all.get(node) ?? [])]
  }
}

async function missing(name: string, hashes: readonly string[]): Promise<string[]> {
  const base = network.node(name).client.endpoint.statusUrl
  const lost: string[] = []
  for (const hash of hashes) {
    const response = await fetch(`${base}/v1/blocks/${hash}`, { signal: AbortSignal.timeout(10_000) })
    await response.body?.cancel()
    if (response.status !== 200) lost.push(`${name} ${hash}: ${response.status}`)
  }
  return lost
}

it(`${kills} kills at random moments lose nothing that was acknowledged (seed ${seed})`, {
  timeout: 240_000,
}, async () => {
  network = await Network.create(testnet)
  await network.start()
  const names = network.nodes.map(({ name }) => name)
  const signer = canarySigner(network.expanded)
  const acknowledged = new Acknowledged()
  const sink = { event: acknowledged.event.bind(acknowledged), gap: () => undefined }
  const collecting = network.nodes.map(({ client }) =>
    collectEvents(client, sink, { signal: ended.signal, history: true, now: Date.now }),
  )
  await untilAgreed(network, 4, 30_000)

  const busy = new Set<string>()
  const lost: string[] = []
  let left = kills
  let submitted = 0
  const startedAt = performance.now()
  /** To a node that is up; a node that is killed before it spread the transaction loses it, so it is sent again later. */
  const submit = async (index: number, name: string) =>
    network
      .node(name)
      .client.submit(await signer.sign(index, 0), call())
      .catch(() => undefined)

  const killer = async (number: number) => {
    const rng = seededRng(`${seed}/${number}`)
    while (left > 0) {
      left--
      const free = names.filter(name => !busy.has(name))
      const name = free[Math.floor(rng() * free.length)]!
      busy.add(name)
      await delay(rng() * 400)
      if (submitted < canaries) await submit(submitted++, name)
      const status = await network.status(name)
      acknowledged.note(name, status.head.hash)
      await network.kill(name)
      await network.launch(name)
      // Some die again while they start.
      if (left > 0 && rng() < 0.25) {
        left--
        await delay(rng() * 800)
        await network.kill(name)
        await network.launch(name)
      }
      await network.ready(name)
      lost.push(...(await missing(name, acknowledged.take(name))))
      busy.delete(name)
    }
  }
  await Promise.all(Array.from({ length: killers }, (_, number) => killer(number)))
  const churnMs = performance.now() - startedAt
  expect(lost).toEqual([])
  expect(network.running()).toEqual(names)

  const tip = Math.max(...(await network.statuses()).map(({ head }) => head.height))
  await untilAgreed(network, tip + 2, 40_000)
  await until(
    'finality goes on',
    40_000,
    async () => (await network.statuses()).every(({ finalized }) => finalized.height >= tip),
    100,
    async () => describeStatuses(await network.statuses()),
  )
  const signal = AbortSignal.timeout(60_000)
  let open: number[] = []
  await until(
    'every submitted transaction is included, in the same block everywhere',
    40_000,
    async () => {
      open = []
      for (let index = 0; index < submitted; index++) {
        const name = names[index % names.length]!
        const nonce = await network.node(name).client.nextNonce(signer.addresses[index]!, { signal })
        if (nonce === 0) await submit(index, name)
        const accounts = await Promise.all(names.map(node => accountNonce(node, signer.addresses[index]!)))
        if (accounts.some(included => included !== 1)) open.push(index)
      }
      return open.length === 0
    },
    250,
    () => `not included: ${open.join(', ')}`,
  )
  expect(agree(await network.statuses())).toBe(true)

  for (const name of names) lost.push(...(await missing(name, acknowledged.all(name))))
  expect(lost).toEqual([])
  expect(acknowledged.equivocations).toEqual([])
  ended.abort()
  await Promise.all(collecting)
  const blocks = new Set(names.flatMap(name => acknowledged.all(name))).size
  console.log(`${kills} kills in ${Math.round(churnMs)} ms, ${blocks} blocks, height ${tip}, seed ${seed}`)
})

/** Nonce in the head's state: 1 when the account's one transaction is in the chain. */
async function accountNonce(name: string, address: string): Promise<number> {
  const base = network.node(name).client.endpoint.statusUrl
  const response = await fetch(`${base}/v1/accounts/${address}`, { signal: AbortSignal.timeout(10_000) })
  return ((await response.json()) as { nonce: number }).nonce
}
