// Units are text, and their ranges are CEL on the server and code in the parser: whatever is written, both agree.
import fc from 'fast-check'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { testnetText } from '../../api/check/testnet.cases.ts'
import { checkTestnet } from '../../api/check/testnet.ts'
import { checkExperiment, experimentSchema } from '../../api/experiment.ts'
import { canonicalCpu, canonicalMemory } from '../../api/quantity.ts'
import { testnetSchema } from '../../api/testnet.ts'
import { askApi } from './api-request.ts'
import { installDefinitions } from './definitions.ts'

const tier = inject('apiTier')
const SEED = 20_251_120
const SAMPLES = 60

const number = fc.oneof(
  fc.integer({ min: 0, max: 5_000 }).map(String),
  fc.double({ min: 0, max: 200, noNaN: true }).map(value => value.toFixed(3)),
  fc.constantFrom('1', '4', '49', '50', '64', '100', '1024', '3600', '1e3', '-1', ''),
)
const written = (units: readonly string[]) => fc.tuple(number, fc.constantFrom(...units)).map(parts => parts.join(''))
const durations = fc.array(written(['ms', 's', 'm', 'h']), { minLength: 1, maxLength: 3 }).map(parts => parts.join(''))
const sizes = fc.oneof(
  written(['', 'B', 'k', 'kB', 'KB', 'M', 'MB', 'Ki', 'KiB', 'Mi', 'MiB', 'GiB', 'TiB']),
  fc.integer({ min: -5, max: 5_000_000 }),
)
const cores = fc.oneof(written(['m', '', 'k']), fc.integer({ min: -1, max: 2_000 }))
const memories = fc.oneof(written(['', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'm', 'MiB']), fc.integer({ min: -1 }))
const fractions = fc
  .tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 }))
  .map(parts => parts.join('/'))
const percents = written(['%', ''])
const rates = written(
  ['bit', 'kbit', 'Mbit', 'Gbit', 'B', 'kB', 'KB', 'KiB', 'MB', 'MiB', 'GB'].map(unit => `${unit}/s`),
)

const testnet = (spec: object): object => JSON.parse(testnetText({ ...spec })) as object
const experiment = (fault: object): object => ({
  apiVersion: 'trellis.dev/v1alpha1',
  kind: 'ChaosExperiment',
  metadata: { name: 'demo' },
  spec: { testnet: 'demo', faults: [{ name: 'a', duration: '10s', ...fault }] },
})
const testnetTaken = (document: object): boolean => {
  const { success, data } = testnetSchema.safeParse(document)
  return success && checkTestnet(data).length === 0
}
const experimentTaken = (document: object): boolean => {
  const { success, data } = experimentSchema.safeParse(document)
  return success && checkExperiment(data).length === 0
}

const cases: readonly [string, fc.Arbitrary<object>, 'testnets' | 'chaosexperiments'][] = [
  ['durations', durations.map(blockInterval => testnet({ chain: { blockInterval } })), 'testnets'],
  ['sizes', sizes.map(maxBlockBytes => testnet({ chain: { maxBlockBytes } })), 'testnets'],
  ['processor time', cores.map(cpu => testnet({ defaults: { resources: { requests: { cpu } } } })), 'testnets'],
  ['memory', memories.map(memory => testnet({ defaults: { resources: { limits: { memory } } } })), 'testnets'],
  ['fractions', fractions.map(quorum => testnet({ chain: { finality: { quorum } } })), 'testnets'],
  ['percentages', percents.map(percent => experiment({ loss: { percent } })), 'chaosexperiments'],
  ['rates', rates.map(rate => experiment({ bandwidth: { rate } })), 'chaosexperiments'],
]

/** A pod that no API server has to run. */
const podWith = (requests: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'amounts' },
  spec: { containers: [{ name: 'a', image: 'a', resources: { requests } }] },
})

describe.skipIf(tier.missing !== undefined)('parser and API server', () => {
  beforeAll(() => installDefinitions(tier.address!))

  test.each(cases)('agree on %s', async (_name, documents, plural) => {
    const path = `/apis/trellis.dev/v1alpha1/namespaces/default/${plural}?dryRun=All&fieldValidation=Strict`
    const outcomes = new Set<boolean>()
    for (const document of fc.sample(documents, { seed: SEED, numRuns: SAMPLES })) {
      const expected = plural === 'testnets' ? testnetTaken(document) : experimentTaken(document)
      const { status, body } = await askApi(tier.address!, path, { method: 'POST', body: document })
      const about = `seed ${SEED}: ${JSON.stringify(document)}: ${status} ${body.message ?? ''}`
      expect(status === 201, about).toBe(expected)
      outcomes.add(expected)
    }
    // A sample that is all good or all bad would prove little.
    expect(outcomes.size).toBe(2)
  })

  test('write amounts in the same way', async () => {
    const path = '/api/v1/namespaces/default/pods?dryRun=All'
    const amounts = fc.record({ cpu: cores.map(String), memory: memories.map(String) })
    const readable = (amount: { cpu: string; memory: string }): boolean =>
      testnetTaken(testnet({ defaults: { resources: { requests: amount } } }))
    let compared = 0
    for (const { cpu, memory } of fc.sample(amounts, { seed: SEED, numRuns: 400 }).filter(readable)) {
      const { status, body } = await askApi(tier.address!, path, { method: 'POST', body: podWith({ cpu, memory }) })
      expect(status, body.message).toBe(201)
      const [{ resources }] = (body.spec as { containers: [{ resources: { requests: object } }] }).containers
      const ours = { cpu: canonicalCpu(cpu), memory: canonicalMemory(memory) }
      expect(resources.requests, `seed ${SEED}: ${cpu}, ${memory}`).toEqual(ours)
      compared++
    }
    expect(compared).toBeGreaterThan(20)
  })
})
