// The chart's objects, judged by a real API server, and by kubeconform with that server's own schemas.
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { $ } from 'zx'
import type { Api } from '../../operator/kubernetes/runtime/api.ts'
import { apiOf } from '../support/api-server.ts'
import { type ChartObject, objectsOf, render, tool, valueSets, valuesFile } from './chart.ts'
import { type Definitions, schemaFiles } from './schemas.ts'

const tier = inject('apiTier')
const helm = await tool('helm')
const kubeconform = await tool('kubeconform')
/** Of the Prometheus operator, which is not here. */
const FOREIGN = ['PodMonitor', 'PrometheusRule']

describe.skipIf(tier.missing !== undefined || 'missing' in helm)('the objects of the chart', () => {
  let api: Api
  const namespace = `chart-${process.pid}`
  const signal = AbortSignal.timeout(240_000)

  beforeAll(async () => {
    api = apiOf(readFileSync(tier.address!.kubeconfig, 'utf8'))
    await create('/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    })
  })
  afterAll(async () => {
    await api.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}`, signal })
    api.close()
  })

  const create = (path: string, body: object, query: Record<string, string> = {}) =>
    api.send({ method: 'POST', path, body, query: { fieldValidation: 'Strict', ...query }, signal })
  const rendered = async (set: string) =>
    objectsOf(await render('program' in helm ? helm.program : '', ['--values', valuesFile(set)]))

  /** As if it were installed in the namespace of the test. */
  async function tried({ metadata, ...object }: ChartObject): Promise<void> {
    const { apiVersion, kind } = object
    const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
    const { resources } = (await api.send({ method: 'GET', path: root, signal })) as {
      resources: { kind: string; name: string; namespaced: boolean }[]
    }
    const found = resources.find(resource => resource.kind === kind && !resource.name.includes('/'))
    if (!found) throw new Error(`the server knows no ${kind} of ${apiVersion}`)
    const place = found.namespaced ? `/namespaces/${namespace}` : ''
    // Another name: definitions are installed here already.
    const named = kind === 'CustomResourceDefinition' ? metadata : { ...metadata, name: `${metadata.name}-dry` }
    const at = found.namespaced ? { ...named, namespace } : named
    const path = `${root}${place}/${found.name}`
    await create(path, { ...object, metadata: at }, { dryRun: 'All' }).catch((error: { status?: number }) => {
      if (!(kind === 'CustomResourceDefinition' && error.status === 409)) throw error
    })
  }

  test.each(valueSets)('are accepted, unknown fields and all, with the values %s', async set => {
    const objects = (await rendered(set)).filter(({ kind }) => !FOREIGN.includes(kind))
    expect(objects.length).toBeGreaterThan(5)
    for (const object of objects) await tried(object)
  })

  test('have pods that a restricted namespace takes', async () => {
    const [template] = (await rendered('monitored')).flatMap(({ kind, spec }) =>
      kind === 'Deployment' ? [spec.template] : [],
    )
    await tried({ ...template, apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name: 'operator' } })
    // And another one it refuses.
    const open = structuredClone(template)
    open.spec.containers[0].securityContext.allowPrivilegeEscalation = true
    const refused = tried({ ...open, apiVersion: 'v1', kind: 'Pod', metadata: { ...open.metadata, name: 'operator' } })
    await expect(refused).rejects.toThrow(/violates PodSecurity/)
  })

  describe.skipIf('missing' in kubeconform)('by kubeconform', () => {
    let folder: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'trellis-schemas-'))
      const { definitions } = (await api.send({ method: 'GET', path: '/openapi/v2', signal })) as {
        definitions: Definitions
      }
      const kinds = new Set((await Promise.all(valueSets.map(rendered))).flat().map(({ kind }) => kind))
      for (const { file, schema } of schemaFiles(definitions, kinds)) {
        await mkdir(folder, { recursive: true })
        await writeFile(join(folder, file), JSON.stringify(schema))
      }
    })
    afterAll(() => rm(folder, { recursive: true, force: true }))

    const judged = async (yaml: string) => {
      const program = 'program' in kubeconform ? kubeconform.program : ''
      const location = `${folder}/{{ .ResourceKind }}{{ .KindSuffix }}.json`
      const options = ['-strict', '-summary', '-skip', FOREIGN.join(), '-schema-location', location]
      const run = $({ quiet: true, nothrow: true, input: yaml })
      const { exitCode, stdout } = await run`${program} ${options} -`
      return [exitCode, stdout.trim()]
    }

    test.each(valueSets)('are as their schemas say, with the values %s', async set => {
      const yaml = await render('program' in helm ? helm.program : '', ['--values', valuesFile(set)])
      const foreign = objectsOf(yaml).filter(({ kind }) => FOREIGN.includes(kind)).length
      const summary = new RegExp(`Valid: \\d+, Invalid: 0, Errors: 0, Skipped: ${foreign}$`)
      expect(await judged(yaml)).toEqual([0, expect.stringMatching(summary)])
    })

    test('are not when they are not', async () => {
      const yaml = 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { ports: [{ prot: 1 }] }\n'
      expect(await judged(yaml)).toEqual([1, expect.stringContaining('additional properties')])
    })
  })
})
