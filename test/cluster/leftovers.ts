// What a testnet left behind: every object, of every kind that the server knows, that carries its label.
import { TESTNET_LABEL } from '../../operator/kubernetes/build/names.ts'
import { isNotFound } from '../../operator/kubernetes/runtime/api-error.ts'
import { type KubeObject, type Resource, resource } from '../../operator/kubernetes/runtime/resource.ts'
import { ask, list } from './cluster-api.ts'
import { until } from './until.ts'

interface ResourceList {
  readonly groupVersion: string
  readonly resources: readonly { name: string; kind: string; namespaced: boolean; verbs: readonly string[] }[]
}

/** Everything namespaced that can be listed, at the version the server prefers. */
async function namespacedKinds(): Promise<Resource[]> {
  const { groups } = await ask<{ groups: { preferredVersion: { groupVersion: string } }[] }>('/apis')
  const paths = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
  const lists = await Promise.all(paths.map(path => ask<ResourceList>(path).catch(noneWhenGone)))
  return lists
    .filter(found => found !== undefined)
    .flatMap(({ groupVersion, resources }) =>
      resources
        .filter(({ name, namespaced, verbs }) => namespaced && verbs.includes('list') && !name.includes('/'))
        .map(({ name, kind }) => resource(groupVersion, kind, name)),
    )
}

/** A kind whose definition was removed a moment ago has no objects. */
function noneWhenGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}

/** `<plural>/<name>`, with a mark when it is being deleted. Of a namespace; of one testnet in it when named. */
export async function objectsOf(namespace: string, testnet?: string): Promise<string[]> {
  const selector = testnet === undefined ? TESTNET_LABEL : `${TESTNET_LABEL}=${testnet}`
  const found = await Promise.all(
    (await namespacedKinds()).map(async kind => {
      const items = (await list<KubeObject>(kind, namespace, selector).catch(noneWhenGone)) ?? []
      return items.map(({ metadata }) => {
        const going = metadata.deletionTimestamp
          ? ` (deleted at ${metadata.deletionTimestamp}, finalizers ${metadata.finalizers ?? 'none'})`
          : ''
        return `${kind.plural}/${metadata.name}${going}`
      })
    }),
  )
  return found.flat().toSorted()
}

/** Waits until the cluster holds nothing of the testnet any more, claims of volumes included. */
export async function untilNothingIsLeft(namespace: string, testnet: string, withinMs = 60_000): Promise<void> {
  const left = () => objectsOf(namespace, testnet)
  const describe = async () => (await left()).join('\n')
  await until(
    `nothing is left of ${namespace}/${testnet}`,
    { withinMs, everyMs: 300, describe },
    async () => (await left()).length === 0,
  )
}
