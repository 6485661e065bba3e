// Testnets are judged alike by the parser (api/check/testnet.test.ts) and by a real API server with the generated
// definitions: the same table, both judges.
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { bad, good, testnetText } from '../../api/check/testnet.cases.ts'
import { type ApiAnswer, askApi } from './api-request.ts'
import { installDefinitions } from './definitions.ts'

const tier = inject('apiTier')
const testnets = '/apis/trellis.dev/v1alpha1/namespaces/default/testnets'

/** What the API server takes although the parser does not, and why that is right. */
const taken: Readonly<Record<string, string>> = {
  'a status': 'objects of a cluster have one; the server ignores it where it is not its place',
  'a distance nobody told':
    'whether a region name is a known place needs the table of places; the operator says it in a condition',
}
/** Refused as well, but before the definition is asked: by the path of the request, or by the decoder, which stops at its first complaint. */
const refusedEarlier: ReadonlySet<string> = new Set([
  'another version',
  'a kind misspelt',
  'no kind',
  'a number for a name',
  'a namespace',
  'all at once',
])

const create = (text: string): Promise<ApiAnswer> =>
  askApi(tier.address!, `${testnets}?dryRun=All&fieldValidation=Strict`, { method: 'POST', body: text })

describe.skipIf(tier.missing !== undefined)('the API server', () => {
  beforeAll(() => installDefinitions(tier.address!))

  test.each(good)('takes %s', async (_name, text) => {
    const { status, body } = await create(text)
    expect(body.message).toBeUndefined()
    expect(status).toBe(201)
  })

  test.each(bad.filter(({ name }) => !(name in taken)))('refuses $name', async ({ name, text, problems }) => {
    const { status, body } = await create(text)
    expect(status, body.message).toBeGreaterThanOrEqual(400)
    expect(status, body.message).toBeLessThan(500)
    if (refusedEarlier.has(name)) return
    // Every field that the parser blames is named, or one around it.
    for (const [path] of problems) {
      const names = path.split('.').slice(0, 2).join('.')
      expect(body.message).toContain(names.replace(/\[\d+\]$/, ''))
    }
  })

  test.each(Object.entries(taken))('takes %s: %s', async name => {
    const { status, body } = await create(bad.find(item => item.name === name)!.text)
    expect(status, body.message).toBe(201)
  })

  test('fills in the defaults that the parser fills in', async () => {
    const { body } = await create(testnetText())
    expect(body.spec).toMatchObject({
      chain: { blockInterval: '1s', finality: { checkpointInterval: 8, quorum: '2/3' }, maxBlockBytes: '1MiB' },
      network: { stack: 'gossipsub', topology: { shape: 'discovered' }, regions: [], latency: [] },
      defaults: {},
      groups: [
        { name: 'boot', count: 1, overrides: [] },
        { name: 'miner', count: 3 },
      ],
    })
  })

  const miner = { name: 'miner', role: 'miner', count: 3 }
  const boot = { name: 'boot', role: 'bootstrap' }
  const load = { name: 'load', role: 'load' }
  test.each([
    ['the seed', { seed: 'a' }, { seed: 'b' }, 'root of all identities'],
    ['the chain', {}, { chain: { blockInterval: '2s' } }, 'part of the genesis'],
    [
      'the load accounts',
      { groups: [boot, miner, load] },
      { groups: [boot, miner, load], load: { accounts: 3 } },
      'genesis',
    ],
    [
      'a role',
      {},
      { groups: [{ ...boot, role: 'full' }, { ...miner }, { name: 'b', role: 'bootstrap' }] },
      'other role',
    ],
  ])('refuses to change %s', async (what, before, after, message) => {
    const name = `immutable-${what.replaceAll(' ', '-')}`
    const text = (spec: object) => testnetText({ ...spec }, { metadata: { name } })
    const made = await askApi(tier.address!, testnets, { method: 'POST', body: text(before) })
    expect(made.status, made.body.message).toBe(201)
    try {
      const replace = (spec: object) => {
        const document = JSON.parse(text(spec)) as { metadata: object }
        const resourceVersion = (made.body.metadata as { resourceVersion: string }).resourceVersion
        const body = { ...document, metadata: { ...document.metadata, resourceVersion } }
        return askApi(tier.address!, `${testnets}/${name}?dryRun=All`, { method: 'PUT', body })
      }
      const refused = await replace(after)
      expect(refused.status, refused.body.message).toBe(422)
      expect(refused.body.message).toContain(message)
      const scaled = await replace({
        ...before,
        groups: [boot, { ...miner, count: 5 }, load].slice(0, 'groups' in before ? 3 : 2),
      })
      expect(scaled.status, scaled.body.message).toBe(200)
    } finally {
      await askApi(tier.address!, `${testnets}/${name}`, { method: 'DELETE' })
    }
  })
})
