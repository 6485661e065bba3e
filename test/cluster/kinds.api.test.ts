// Our kinds as a person with kubectl meets them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { $ } from 'zx'
import { testnetText } from '../../api/check/testnet.cases.ts'
import type { TestnetStatus } from '../../api/status.ts'
import { askApi } from './api-request.ts'
import { installDefinitions } from './definitions.ts'

const tier = inject('apiTier')
const examples = join(import.meta.dirname, '../../examples')
const base = '/apis/trellis.dev/v1alpha1/namespaces/default'
const plural: Readonly<Record<string, string>> = { Testnet: 'testnets', ChaosExperiment: 'chaosexperiments' }

interface Resource {
  readonly kind: string
  readonly metadata: { readonly name: string }
}
const create = (resource: unknown, kind: string) =>
  askApi(tier.address!, `${base}/${plural[kind]}?dryRun=All&fieldValidation=Strict`, { method: 'POST', body: resource })

const documents = readdirSync(examples, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.yaml'))
  .flatMap(file =>
    [...parseAllDocuments(readFileSync(join(examples, file), 'utf8'))].map(
      document => [file, document.toJS() as Resource] as const,
    ),
  )

const experiment = (fault: object, spec: object = {}) => ({
  apiVersion: 'trellis.dev/v1alpha1',
  kind: 'ChaosExperiment',
  metadata: { name: 'demo' },
  spec: { testnet: 'demo', faults: [{ name: 'a', duration: '10s', ...fault }], ...spec },
})
const halves = { partition: { shape: 'halves' } }

describe.skipIf(tier.missing !== undefined)('the kinds', () => {
  beforeAll(() => installDefinitions(tier.address!))

  test.each(documents)('%s holds what the server takes', async (_file, document) => {
    const { status, body } = await create(document, document.kind)
    expect(status, body.message).toBe(201)
  })

  test.each([
    ['no action', experiment({}), 'exactly one thing'],
    ['two actions', experiment({ ...halves, kill: {} }), 'exactly one thing'],
    ['a share and a number', experiment({ kill: {}, select: { percent: '30%', count: 1 } }), 'keep one of the two'],
    ['sides of another shape', experiment({ partition: { shape: 'halves', groups: [['a'], ['b']] } }), 'shape groups'],
    ['one way over a bridge', experiment({ partition: { shape: 'bridge', direction: 'in' } }), 'exactly two sides'],
    ['an end after the run', experiment({ ...halves, at: '1m' }, { duration: '65s' }), 'ends after the run'],
    ['a share above all', experiment({ loss: { percent: '101%' } }), 'at most 100%'],
    ['a clock that is right', experiment({ clock: {} }), 'either ahead or behind'],
    ['a clock wrong both ways', experiment({ clock: { ahead: '1s', behind: '1s' } }), 'either ahead or behind'],
    ['a clock wrong by too much', experiment({ clock: { ahead: '61m' } }), 'at most 1h'],
    ['turns too far apart', experiment({ kill: { stagger: '61m' } }), 'at most 1h'],
    ['a way to be busy that there is none of', experiment(halves, { whenBusy: 'fight' }), 'Unsupported value'],
    ['no runs at all', experiment(halves, { repeat: 0 }), 'greater than or equal to 1'],
    ['a schedule without its times', experiment(halves, { schedule: {} }), 'Required value'],
    ['a kill that there is none of', experiment({ kill: { how: 'machine' } }), 'Unsupported value'],
    [
      'runs whose names would be too long',
      { ...experiment(halves, { repeat: 2 }), metadata: { name: 'a'.repeat(45) } },
      'at most 44 characters',
    ],
    [
      'a name that is too long',
      { ...experiment(halves), metadata: { name: 'a'.repeat(51) } },
      'may not be more than 50',
    ],
    ['a rate below the least', experiment({ bandwidth: { rate: '1bit/s' } }), 'at least 8bit/s'],
    ['a rate above the most', experiment({ bandwidth: { rate: '13GB/s' } }), 'at most 100Gbit/s'],
  ])('an experiment with %s is refused', async (_name, document, message) => {
    const { status, body } = await create(document, 'ChaosExperiment')
    expect(status, body.message).toBe(422)
    expect(body.message).toContain(message)
  })

  test('of an experiment that was made only abort can be set, and never taken back', async () => {
    const name = 'to-abort'
    const path = `${base}/chaosexperiments`
    const made = await askApi(tier.address!, path, {
      method: 'POST',
      body: { ...experiment({ kill: { stagger: '1s' } }, { seed: 's' }), metadata: { name } },
    })
    expect(made.status, made.body.message).toBe(201)
    const patch = (spec: object) =>
      askApi(tier.address!, `${path}/${name}`, {
        method: 'PATCH',
        contentType: 'application/merge-patch+json',
        body: { spec },
      })
    try {
      for (const change of [
        { seed: 'other' },
        { seed: null },
        { testnet: 'other' },
        { duration: '1h' },
        { repeat: 2 },
        { keep: 3 },
      ]) {
        const { status, body } = await patch(change)
        expect(status, JSON.stringify(change)).toBe(422)
        expect(body.message).toContain('only abort may be set')
      }
      expect((await patch({ abort: true })).status).toBe(200)
      const back = await patch({ abort: false })
      expect(back.status).toBe(422)
      expect(back.body.message).toContain('cannot be taken back')
    } finally {
      await askApi(tier.address!, `${path}/${name}`, { method: 'DELETE' })
    }
  })

  test('kubectl get tn tells the state in one line', async () => {
    const { kubeconfig, binaries } = tier.address!
    const kubectl = $({ env: { ...process.env, KUBECONFIG: kubeconfig }, quiet: true })
    const name = 'in-one-line'
    const made = await askApi(tier.address!, `${base}/testnets`, {
      method: 'POST',
      body: testnetText({}, { metadata: { name } }),
    })
    expect(made.status, made.body.message).toBe(201)
    try {
      const now = new Date().toISOString()
      const status: TestnetStatus = {
        observedGeneration: 1,
        conditions: [
          { type: 'Ready', status: 'False', reason: 'HeadsDiffer', message: 'two heads', lastTransitionTime: now },
        ],
        nodes: { desired: 4, ready: 3, summary: '3/4' },
        height: { min: 40, max: 42 },
        headCount: 2,
      }
      const document = { apiVersion: 'trellis.dev/v1alpha1', kind: 'Testnet', metadata: { name }, status }
      const path = `${base}/testnets/${name}/status?fieldManager=tests&fieldValidation=Strict`
      const contentType = 'application/apply-patch+yaml'
      const put = await askApi(tier.address!, path, { method: 'PATCH', contentType, body: document })
      expect(put.status, put.body.message).toBe(200)
      const lines = async (...args: string[]) =>
        (await kubectl`${binaries}/kubectl get ${args}`).stdout
          .trimEnd()
          .split('\n')
          .map(line => line.split(/ {2,}/).map(cell => cell.trim()))
      const [header, row] = await lines('tn', name)
      expect(header).toEqual(['NAME', 'READY', 'NODES', 'HEIGHT', 'HEADS', 'AGE'])
      expect(row?.slice(0, 5)).toEqual([name, 'False', '3/4', '42', '2'])
      const [wide] = await lines('tn', name, '-o', 'wide')
      expect(wide?.slice(6)).toEqual(['LOWEST', 'FINALIZED', 'STACK', 'REASON', 'MESSAGE'])
    } finally {
      await askApi(tier.address!, `${base}/testnets/${name}`, { method: 'DELETE' })
    }
  })
})
