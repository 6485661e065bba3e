import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { mergeLayers, splitLayers } from '../../../api/config-layers.ts'
import { parseResources } from '../../../api/kinds.ts'
import { type NodeConfig, nodeConfigSchema } from '../../../api/node-config.ts'
import { expand } from '../../testnet/expand.ts'
import { operatorConfigSchema } from '../config.ts'
import type { NetworkPolicy, StatefulSet } from '../runtime/resource.ts'
import { MAX_DATA_BYTES, TooLargeError } from './configuration.ts'
import type { BuildInput } from './input.ts'
import { podConfigs } from './node-configs.ts'
import { testnetObjects } from './testnet-objects.ts'

const inputOf = (yaml: string, more: Partial<BuildInput> = {}): BuildInput => {
  const [parsed] = parseResources(yaml, 'test.yaml')
  if (parsed?.value.kind !== 'Testnet') throw new Error('no Testnet')
  return {
    spec: parsed.value.spec,
    expanded: expand(parsed.value),
    namespace: 'lab',
    owner: {
      apiVersion: 'trellis.dev/v1alpha1',
      kind: 'Testnet',
      name: parsed.value.metadata.name,
      uid: 'u-1',
      controller: true,
    },
    settings: operatorConfigSchema.parse({
      namespace: 'trellis-system',
      nodes: { image: 'trellis/node:0.1.0' },
      agent: { image: 'trellis/agent:0.1.0' },
      operator: {
        namespace: { 'kubernetes.io/metadata.name': 'trellis-system' },
        pod: { 'app.kubernetes.io/name': 'trellis-operator' },
      },
    }),
    adminToken: 'a-token-of-the-test',
    ...more,
  }
}
const example = (name: string) => readFileSync(new URL(`../../../examples/${name}.yaml`, import.meta.url), 'utf8')
const small = (groups: string, more = '') => `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: small }
spec: { groups: [{ name: b, role: bootstrap }, ${groups}], ${more} }
`

const statefulSets = (yaml: string) =>
  testnetObjects(inputOf(yaml))
    .map(({ object }) => object as StatefulSet)
    .filter(({ kind }) => kind === 'StatefulSet')
const templates = (groups: string, more?: string) =>
  new Map(
    statefulSets(small(groups, more)).map(({ metadata, spec }) => [metadata.name, JSON.stringify(spec?.template)]),
  )

test('whoever scrapes is let in, and finds the pods when that is wanted', () => {
  const { settings, ...input } = inputOf(small('{ name: m, role: miner }', 'chaos: { kernel: true }'))
  const scraper = { namespace: { team: 'eyes' }, pod: { app: 'prometheus' } }
  const seen = (scrapeAnnotations: boolean) => {
    const nodes = { ...settings.nodes, scrapeAnnotations }
    return testnetObjects({ ...input, settings: { ...settings, nodes, scraper } }).map(({ object }) => object)
  }
  const policy = seen(false).find(({ kind }) => kind === 'NetworkPolicy') as NetworkPolicy
  expect(policy.spec?.ingress?.at(-1)).toEqual({
    from: [{ namespaceSelector: { matchLabels: scraper.namespace }, podSelector: { matchLabels: scraper.pod } }],
    ports: [8080, 7075].map(port => ({ protocol: 'TCP', port })),
  })
  const annotations = (objects: ReturnType<typeof seen>) =>
    (objects.find(({ kind }) => kind === 'StatefulSet') as StatefulSet).spec?.template.metadata?.annotations
  expect(annotations(seen(true))).toMatchObject({ 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' })
  expect(annotations(seen(false))).not.toHaveProperty(['prometheus.io/scrape'])
})

describe('a group gets a new revision', () => {
  const miners = '{ name: m, role: miner, count: 3 }'
  const before = templates(`${miners}, { name: l, role: load }`)
  const changed = (groups: string, more?: string) =>
    [...templates(groups, more)].filter(([name, template]) => before.get(name) !== template).map(([name]) => name)

  test.each<{ change: string; groups?: string; more?: string; revised: string[] }>([
    { change: 'nothing', revised: [] },
    { change: 'more miners', groups: '{ name: m, role: miner, count: 9 }', revised: [] },
    { change: 'another group', groups: `${miners}, { name: x, role: bootstrap }`, revised: ['small-x'] },
    { change: 'a weight', groups: '{ name: m, role: miner, count: 3, weight: 7 }', revised: [] },
    { change: 'a time to live', more: 'ttl: 1h', revised: [] },
    { change: 'an image', groups: '{ name: m, role: miner, count: 3, image: other:2 }', revised: ['small-m'] },
    {
      change: 'memory',
      groups: '{ name: m, role: miner, count: 3, resources: { limits: { memory: 1Gi } } }',
      revised: ['small-m'],
    },
    {
      change: "one node's log level",
      groups: '{ name: m, role: miner, count: 3, overrides: [{ index: 1, logLevel: debug }] }',
      revised: ['small-m'],
    },
    { change: 'faults by the kernel', more: 'chaos: { kernel: true }', revised: ['small-b', 'small-m', 'small-l'] },
    { change: 'the load', more: 'load: { rate: 3 }', revised: ['small-l'] },
    { change: 'regions', more: 'network: { regions: [{ name: tokyo }] }', revised: ['small-b', 'small-m', 'small-l'] },
  ])('of $change: $revised', ({ groups = miners, more, revised }) => {
    expect(changed(`${groups}, { name: l, role: load }`, more)).toEqual(revised)
  })
})

describe('the objects of a testnet', () => {
  test.each(['quickstart', 'three-regions', 'static-ring'])('of examples/%s.yaml', async name => {
    const objects = testnetObjects(inputOf(example(name))).map(({ object }) =>
      stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
    )
    await expect(objects.join('---\n')).toMatchFileSnapshot(`golden/${name}.yaml`)
  })

  test('with net agents beside the nodes', async () => {
    const [set] = statefulSets(small('{ name: m, role: miner }', 'chaos: { kernel: true }'))
    const { containers, ...pod } = set!.spec!.template.spec!
    const text = stringify(pod, { lineWidth: 0, aliasDuplicateObjects: false })
    await expect(text).toMatchFileSnapshot('golden/net-agent.yaml')
    expect(containers.map(({ name }) => name)).toEqual(['node'])
  })

  test('are as many with a thousand nodes as with one', () => {
    const count = (nodes: number) =>
      testnetObjects(inputOf(small(`{ name: m, role: miner }, { name: f, role: full, count: ${nodes} }`))).length
    expect([count(1), count(1_000)]).toEqual([15, 15])
  })

  test('keep their data and lose their pods when suspended', () => {
    const sets = (suspend: boolean) =>
      statefulSets(small('{ name: m, role: miner, count: 3 }', `suspend: ${suspend}, defaults: { storage: {} }`)).map(
        ({ spec }) => [spec?.replicas, spec?.persistentVolumeClaimRetentionPolicy],
      )
    expect(sets(false)).toContainEqual([3, { whenDeleted: 'Delete', whenScaled: 'Delete' }])
    const kept = [0, { whenDeleted: 'Delete', whenScaled: 'Retain' }]
    expect(sets(true)).toEqual([kept, kept])
  })

  test('hold no secret outside of Secrets', () => {
    const input = inputOf(example('quickstart'))
    const secrets = podConfigs(input).flatMap(({ keys, adminToken, load }) => [
      keys.network,
      ...(keys.validator ? [keys.validator] : []),
      adminToken!,
      ...(load?.accounts ?? []),
    ])
    const open = JSON.stringify(testnetObjects(input).filter(({ object }) => object.kind !== 'Secret'))
    for (const secret of secrets) expect(open).not.toContain(secret)
    expect(secrets.length).toBeGreaterThan(10)
  })

  test('that would not fit are refused with the object and the remedy', () => {
    const input = inputOf(small('{ name: m, role: miner }'))
    const { expanded } = input
    const accounts = Array.from({ length: 12_000 }, () => ({ address: 'a'.repeat(64), balance: 1 }))
    const large = { ...input, expanded: { ...expanded, genesis: { ...expanded.genesis, accounts } } }
    expect(() => testnetObjects(large)).toThrow(TooLargeError)
    expect(() => testnetObjects(large)).toThrow(
      new RegExp(
        `^ConfigMap small--testnet would have \\d+ bytes of at most ${MAX_DATA_BYTES}: fewer genesis accounts`,
      ),
    )
  })
})

describe('layers of a configuration', () => {
  test.each(['quickstart', 'three-regions', 'static-ring', 'weights', 'random-mesh'])(
    'merge to what each node of examples/%s.yaml is to read',
    name => {
      const configs = podConfigs(inputOf(example(name)))
      const layers = splitLayers(configs)
      for (const config of configs) {
        const { testnet, group, node, keys } = layers.get(config.name)!
        expect(nodeConfigSchema.parse(mergeLayers(testnet, group, node, keys))).toEqual(config)
      }
    },
  )

  test('merge back whatever the values are', () => {
    const value = fc.dictionary(
      fc.constantFrom('a', 'b', 'c'),
      fc.oneof(
        fc.integer(),
        fc.array(fc.integer()),
        fc.dictionary(fc.constantFrom('x', 'y'), fc.integer({ max: 2, min: 0 })),
      ),
    )
    const node = fc.record({ group: fc.constantFrom('g', 'h'), value })
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 6 }), nodes => {
        const configs = nodes.map(
          ({ group, value }, index) =>
            ({ ...value, name: `n${index}`, group, keys: { network: 'k' } }) as unknown as NodeConfig,
        )
        const layers = splitLayers(configs)
        for (const config of configs) {
          const { testnet, group, node, keys } = layers.get(config.name)!
          expect(mergeLayers(testnet, group, node, keys)).toEqual(config)
        }
      }),
    )
  })
})
