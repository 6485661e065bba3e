// Testnets are judged alike by the parser (api/check/testnet.test.ts) and by a real API server with the generated
// definitions: the same table, both judges.
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { bad, changes, good, testnetText } from '../../api/check/testnet.cases.ts'
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

  describe('of a live testnet', () => {
    const name = 'live'
    const path = `${testnets}/${name}`
    const version = ({ body }: ApiAnswer) => (body.metadata as { resourceVersion: string }).resourceVersion

    test.each(changes)('judges $name as the parser does', async ({ before, after, problem }) => {
      const text = (spec: Record<string, unknown>) => testnetText(spec, { metadata: { name } })
      const made = await askApi(tier.address!, testnets, { method: 'POST', body: text(before) })
      expect(made.status, made.body.message).toBe(201)
      try {
        const document = JSON.parse(text(after)) as { metadata: object }
        const body = { ...document, metadata: { ...document.metadata, resourceVersion: version(made) } }
        const answer = await askApi(tier.address!, `${path}?dryRun=All`, { method: 'PUT', body })
        if (problem === undefined) return expect(answer.status, answer.body.message).toBe(200)
        expect(answer.status, answer.body.message).toBe(422)
        // The server does not tell the place in a list by the same number, and blames the list for what is in no item.
        const [field, message, mend] = problem
        const names = field.replaceAll(/\[\d+\]/g, '[').split('[')
        for (const part of [...names, message, mend]) expect(answer.body.message).toContain(part)
      } finally {
        await askApi(tier.address!, path, { method: 'DELETE' })
      }
    })
  })
})
