// What tests of the operator's runtime share: a namespace of their own on the run's API server, reached directly and
// through a fault proxy.
import { randomBytes } from 'node:crypto'
import { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import { Api } from '../../operator/kubernetes/runtime/api.ts'
import { type ConfigMap, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { Writer } from '../../operator/kubernetes/runtime/writer.ts'
import { FaultProxy, type Upstream } from './fault-proxy.ts'

export const never = new AbortController().signal
/** For tests that are about something else than who leads. */
export const alwaysLeader = { check: () => never }

export function apiOf(kubeconfig: string): Api {
  const config = new KubeConfig()
  config.loadFromString(kubeconfig)
  return new Api(config)
}

export interface Ground {
  readonly namespace: string
  readonly proxy: FaultProxy
  /** Through the proxy. */
  readonly api: Api
  /** Past it. */
  readonly direct: Api
  readonly writer: Writer
  /** Writes a ConfigMap past the proxy. */
  put(name: string, data: Record<string, string>): Promise<ConfigMap>
  remove(name: string): Promise<void>
  close(): Promise<void>
}

/** A namespace that nobody else uses; everything is closed again by `close`. */
export async function newGround(upstream: Upstream, directConfig: string): Promise<Ground> {
  const proxy = await FaultProxy.start(upstream)
  const direct = apiOf(directConfig)
  const api = apiOf(proxy.kubeconfig)
  const writer = new Writer(direct, alwaysLeader)
  const namespace = `t-${randomBytes(5).toString('hex')}`
  await writer.create(
    resources.namespaces,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    never,
  )
  return {
    namespace,
    proxy,
    api,
    direct,
    writer,
    put: (name, data) =>
      writer.apply(
        resources.configMaps,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels: { test: 'yes' } }, data },
        never,
      ),
    remove: async name => {
      await writer.delete(resources.configMaps, { namespace, name }, {}, never)
    },
    close: async () => {
      api.close()
      direct.close()
      await proxy.close()
    },
  }
}
