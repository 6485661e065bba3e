// Experiments of examples/chaos/ in pods, as they are: each ends with Passed. Behind TRELLIS_CHAOS=all, or their names with
// commas between, because each takes a minute; what runs every day is in chaos-partition.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installed } from '../chart.ts'
import { create } from '../cluster-api.ts'
import { Experiments, example } from '../experiments.ts'
import { TestNamespace, testnetKind } from '../testnets.ts'
import { notInstallable } from '../under-test.ts'

const library: Readonly<Record<string, readonly string[]>> = {
  quickstart: ['halves', 'isolate-miner', 'minority-third', 'one-way', 'pause-half', 'rolling-kills', 'flapping-link'],
  weights: ['slow-best-miner'],
  'three-regions': ['three-regions-loss'],
}
const wanted = process.env.TRELLIS_CHAOS?.split(',') ?? []
const chosen = Object.entries(library).flatMap(([testnet, all]) => {
  const names = all.filter(each => wanted.includes('all') || wanted.includes(each))
  return names.length > 0 ? [{ testnet, names }] : []
})
if (chosen.length === 0) console.log('skipped: the library of experiments in pods; TRELLIS_CHAOS=all runs it')

test('the experiments are those of the library, on the testnets that they name', async () => {
  for (const [testnet, names] of Object.entries(library))
    for (const each of names) expect((await example(`chaos/${each}`)).spec.testnet, each).toBe(testnet)
})

describe.skipIf(notInstallable).each(chosen)('on $testnet', ({ testnet: name, names }) => {
  let space: TestNamespace
  let chaos: Experiments

  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create(`chaos-${name}`, 'privileged')
    const { metadata, spec } = await example(name)
    const { apiVersion, kind } = testnetKind
    const allowed = { ...spec, chaos: { kernel: true } }
    await create(testnetKind, { apiVersion, kind, metadata: { ...metadata, namespace: space.name }, spec: allowed })
    const testnet = space.running(name)
    await testnet.untilReady(180_000)
    chaos = new Experiments(testnet)
  })
  afterAll(() => space?.remove())

  test.each(names)('%s', async each => {
    const { spec } = await example(`chaos/${each}`)
    await chaos.apply(each, spec)
    const over = await chaos.untilOver(each, 290_000)
    console.log(`${each}: ${over.phase}, ${over.fidelity}, healed in ${over.healTime}: ${over.message}`)
    expect(over, JSON.stringify(over, null, 1)).toMatchObject({ phase: 'Passed' })
  })
})
