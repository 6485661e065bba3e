// ConfigMaps and Secrets: one of each a group, and one of each of the testnet. Keys of the data are file names.
import { createHmac } from 'node:crypto'
import { type NodeLayers, splitLayers } from '../../../api/config-layers.ts'
import type { ConfigMap, Secret } from '../runtime/resource.ts'
import { type BuildInput, groupsOf } from './input.ts'
import { commonLabels, groupLabels, groupObject, podName, testnetObject } from './names.ts'
import { podConfigs } from './node-configs.ts'

export const TESTNET_FILE = 'testnet.json'
export const GROUP_FILE = 'group.json'
export const ADMIN_FILE = 'admin.json'
/** In the testnet's Secret, as plain text: for who administers nodes. */
export const ADMIN_TOKEN = 'adminToken'
/** In the testnet's Secret: tokens for its net agents are signed with it. */
export const AGENT_KEY = 'agentKey'
/** The API server's bound of the data of a ConfigMap or, decoded, of a Secret is 1 MiB; some is left for the rest. */
export const MAX_DATA_BYTES = 1_000_000

export interface Configuration {
  readonly testnet: { readonly config: ConfigMap; readonly admin: Secret }
  readonly groups: ReadonlyMap<string, { readonly config: ConfigMap; readonly keys: Secret }>
}

/** A testnet that does not fit into the objects of a cluster; the message says which object, and what would help. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
}

/** @throws TooLargeError */
export function configuration(input: BuildInput): Configuration {
  const { expanded, namespace, owner, adminToken } = input
  const layers = splitLayers(podConfigs(input))
  const of = (node: string): NodeLayers => layers.get(node)!
  const metadata = (name: string, labels: Record<string, string>) => ({
    name,
    namespace,
    labels,
    ownerReferences: [owner],
  })
  const own = metadata(testnetObject(expanded.name), commonLabels(expanded.name))
  const config: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: own,
    data: { [TESTNET_FILE]: JSON.stringify(of(expanded.nodes[0]!.name).testnet) },
  }
  bounded('ConfigMap', own.name, config.data, 'fewer genesis accounts, validators or nodes')
  const admin = secret(own, {
    [ADMIN_TOKEN]: adminToken,
    [ADMIN_FILE]: JSON.stringify({ adminToken }),
    [AGENT_KEY]: agentKey(adminToken),
  })
  const groups = groupsOf(input).map(({ name, role, nodes }) => {
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
    // The token is not a node's own: it is in the testnet's Secret, once.
    const keys = Object.fromEntries(
      nodes.map(node => {
        const { adminToken: _token, ...own } = of(node.name).keys
        return [file(node.name), JSON.stringify(own)]
      }),
    )
    bounded('ConfigMap', meta.name, config.data, `split group ${name} into several`)
    bounded('Secret', meta.name, keys, `split group ${name} into several, or give its nodes fewer accounts`)
    return [name, { config, keys: secret(meta, keys) }] as const
  })
  return { testnet: { config, admin }, groups: new Map(groups) }
}

/** Follows from the token, which is drawn once: whoever has the one may have the other. 64 hex digits. */
const agentKey = (adminToken: string): string => createHmac('sha256', adminToken).update('net agent').digest('hex')

const secret = (metadata: Secret['metadata'], texts: Readonly<Record<string, string>>): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata,
  type: 'Opaque',
  data: Object.fromEntries(Object.entries(texts).map(([file, text]) => [file, Buffer.from(text).toString('base64')])),
})

function bounded(kind: string, name: string, data: Record<string, string> | undefined, help: string): void {
  const bytes = Object.entries(data ?? {}).reduce((sum, [file, text]) => sum + file.length + Buffer.byteLength(text), 0)
  if (bytes > MAX_DATA_BYTES)
    throw new TooLargeError(`${kind} ${name} would have ${bytes} bytes of at most ${MAX_DATA_BYTES}: ${help}`)
}
