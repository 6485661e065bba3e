// What a testnet's objects say, without what differs from run to run: two runs that ended alike give the same text.

import { ADMIN_TOKEN, AGENT_KEY } from '../../operator/kubernetes/build/configuration.ts'
import { INTENT_ANNOTATION } from '../../operator/kubernetes/runtime/drift.ts'
import { type KubeObject, resources, type Secret } from '../../operator/kubernetes/runtime/resource.ts'
import type { TestnetHandle } from './testnet-handle.ts'

type Plain = Record<string, unknown>
const { pods: podKind } = resources

/** One line an object, sorted. */
export async function endState(net: TestnetHandle): Promise<string[]> {
  const [stored, objects] = await Promise.all([net.stored(), net.objects()])
  const own = objects.find(({ kind, metadata }) => kind === 'Secret' && metadata.name === `${net.name}--testnet`) as
    | Secret
    | undefined
  const drawn = [ADMIN_TOKEN, AGENT_KEY].map(field => Buffer.from(own?.data?.[field] ?? '', 'base64').toString('utf8'))
  const conditions = stored?.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)
  const { nodes, groups } = stored?.status ?? {}
  const lines = [
    JSON.stringify({ testnet: net.name, spec: stored?.spec, conditions, nodes, groups }),
    ...objects.map(object => JSON.stringify(plainOf(object))),
  ]
  const hide = (text: string) =>
    drawn
      .reduce((left, secret) => (secret === '' ? left : left.replaceAll(secret, 'DRAWN')), text)
      .replaceAll(net.namespace, 'NS')
  return lines.map(line => hide(line.replace(/"[A-Za-z0-9+/]{16,}={0,2}"/g, decoded))).sort()
}

/** Secrets in base64 would hide what differs in them. */
const decoded = (text: string): string => {
  const plain = Buffer.from(text.slice(1, -1), 'base64').toString('utf8')
  return /^[\x20-\x7e]+$/.test(plain) ? JSON.stringify(plain) : text
}

function plainOf({ kind, metadata, ...rest }: KubeObject): Plain {
  const { name, labels, annotations = {}, ownerReferences = [] } = metadata
  const { [INTENT_ANNOTATION]: _, ...kept } = annotations
  const owners = ownerReferences.map(({ kind: of, name: owner }) => `${of} ${owner}`)
  const { spec, data } = rest as { spec?: Plain; data?: Plain }
  if (kind === podKind.kind) {
    const { containers } = (spec ?? {}) as { containers?: { image?: string }[] }
    return { kind, name, owners, images: containers?.map(({ image }) => image) }
  }
  const { clusterIP: _1, clusterIPs: _2, volumeName: _3, ...wanted } = spec ?? {}
  return { kind, name, labels, annotations: kept, owners, spec: wanted, data }
}
