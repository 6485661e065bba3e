// ConfigMaps and Secrets: one of each a group, and one ConfigMap of the testnet. Keys of the data are file names.

import { type NodeLayers, splitLayers } from '../../../api/config-layers.ts'
import type { ConfigMap, Secret } from '../runtime/resource.ts'
import { type BuildInput, groupsOf } from './input.ts'
import { commonLabels, groupLabels, groupObject, podName, testnetObject } from './names.ts'
import { podConfigs } from './node-configs.ts'

export const TESTNET_FILE = 'testnet.json'
export const GROUP_FILE = 'group.json'
/** The API server's bound of the data of a ConfigMap or a Secret; some is left for the rest of the object. */
export const MAX_DATA_BYTES = 1_000_000

export interface Configuration {
  readonly testnet: ConfigMap
  readonly groups: ReadonlyMap<string, { readonly config: ConfigMap; readonly keys: Secret }>
}

/** A testnet that does not fit into the objects of a cluster; the message says which object, and what would help. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
}

/** @throws TooLargeError */
export function configuration(input: BuildInput): Configuration {
  const { expanded, namespace, owner } = input
  const layers = splitLayers(podConfigs(input))
  const of = (node: string): NodeLayers => layers.get(node)!
  const metadata = (name: string, labels: Record<string, string>) => ({
    name,
    namespace,
    labels,
    ownerReferences: [owner],
  })
  const testnet: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(testnetObject(expanded.name), commonLabels(expanded.name)),
    data: { [TESTNET_FILE]: JSON.stringify(of(expanded.nodes[0]!.name).testnet) },
  }
  bounded('ConfigMap', testnet.metadata.name, testnet.data, 'fewer genesis accounts or validators')
  const groups = groupsOf(expanded).map(({ name, role, nodes }) => {
    const meta = metadata(groupObject(expanded.name, name), groupLabels(expanded.name, name, role))
    const file = (node: string) => `${podName(expanded.name, node)}.json`
    const config: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: meta,
      data: {
        [GROUP_FILE]: JSON.stringify(of(nodes[0]!.name).group),
        ...Object.fromEntries(nodes.map(node => [file(node.name), JSON.stringify(of(node.name).node)])),
      },
    }
    const keys: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: meta,
      type: 'Opaque',
      data: Object.fromEntries(
        nodes.map(node => [file(node.name), Buffer.from(JSON.stringify(of(node.name).keys)).toString('base64')]),
      ),
    }
    bounded('ConfigMap', meta.name, config.data, `split group ${name} into several`)
    bounded('Secret', meta.name, keys.data, `split group ${name} into several, or give its nodes fewer accounts`)
    return [name, { config, keys }] as const
  })
  return { testnet, groups: new Map(groups) }
}

function bounded(kind: string, name: string, data: Record<string, string> | undefined, help: string): void {
  const bytes = Object.entries(data ?? {}).reduce((sum, [file, text]) => sum + file.length + Buffer.byteLength(text), 0)
  if (bytes > MAX_DATA_BYTES)
    throw new TooLargeError(`${kind} ${name} would have ${bytes} bytes of at most ${MAX_DATA_BYTES}: ${help}`)
}
