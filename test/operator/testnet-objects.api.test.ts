// What is built for a testnet, judged by a real API server.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { parseResources } from '../../api/kinds.ts'
import type { BuildInput } from '../../operator/kubernetes/build/input.ts'
import { testnetObjects } from '../../operator/kubernetes/build/testnet-objects.ts'
import { operatorConfigSchema } from '../../operator/kubernetes/config.ts'
import { isSettled } from '../../operator/kubernetes/runtime/drift.ts'
import { controlledBy } from '../../operator/kubernetes/runtime/owner.ts'
import { resources, type StatefulSet } from '../../operator/kubernetes/runtime/resource.ts'
import { expand } from '../../operator/testnet/expand.ts'
import { type Ground, never, newGround } from '../support/api-server.ts'

const tier = inject('apiTier')
let ground: Ground
beforeEach(async () => {
  if (tier.address) ground = await newGround(tier.address, readFileSync(tier.address.kubeconfig, 'utf8'))
})
afterEach(() => ground?.close())

function inputOf(file: string, defaults: Partial<BuildInput['spec']['defaults']> = {}): BuildInput {
  const [parsed] = parseResources(readFileSync(new URL(`../../examples/${file}`, import.meta.url), 'utf8'), file)
  if (parsed?.value.kind !== 'Testnet') throw new Error(`${file} has no Testnet`)
  const { apiVersion, kind, metadata, spec } = parsed.value
  return {
    spec: { ...spec, defaults: { ...spec.defaults, ...defaults } },
    expanded: expand(parsed.value),
    namespace: ground.namespace,
    owner: controlledBy({
      apiVersion,
      kind,
      metadata: { name: metadata.name, uid: '4cd5a6f0-0000-4000-8000-000000000001' },
    }),
    settings: operatorConfigSchema.parse({
      namespace: 'trellis-system',
      nodes: { image: 'trellis/node:0.1.0' },
      operator: { namespace: { 'kubernetes.io/metadata.name': 'trellis-system' }, pod: { app: 'operator' } },
      scraper: { namespace: { 'kubernetes.io/metadata.name': 'monitoring' }, pod: { app: 'prometheus' } },
    }),
    adminToken: 'a-token-of-the-test',
  }
}

describe.skipIf(tier.missing !== undefined)('the objects of a testnet', () => {
  test.each([
    ['quickstart.yaml', {}],
    ['three-regions.yaml', { storage: { size: '1Gi', className: 'fast' } }],
  ])('of %s are accepted as they are, and need no second write', async (file, defaults) => {
    for (const { resource, object } of testnetObjects(inputOf(file, defaults))) {
      const stored = await ground.writer.apply(resource, object, never)
      const again = isSettled(stored, object)
      expect([object.metadata.name, again]).toEqual([object.metadata.name, true])
      const { metadata } = await ground.writer.apply(resource, object, never)
      expect(metadata.resourceVersion, object.metadata.name).toBe(stored.metadata.resourceVersion)
    }
  })

  test('make pods that a restricted namespace takes', async () => {
    await ground.direct.send({
      method: 'PATCH',
      path: `/api/v1/namespaces/${ground.namespace}`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
      signal: never,
    })
    const sets = testnetObjects(inputOf('quickstart.yaml')).filter(({ object }) => object.kind === 'StatefulSet')
    expect(sets.length).toBeGreaterThan(1)
    for (const { object } of sets) {
      const { metadata, spec } = (object as StatefulSet).spec!.template
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, name: 'p', namespace: ground.namespace },
        spec: spec!,
      }
      await ground.writer.apply(resources.pods, pod, never)
      await ground.writer.delete(resources.pods, pod.metadata, {}, never)
    }
  })
})
