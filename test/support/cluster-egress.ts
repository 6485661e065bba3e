// The way from a test's API server to what stands for pods and kubelets. An API server proxies to addresses that pods have,
// and no pod may have one of loopback; so its connections into the cluster go through a CONNECT proxy (an egress selector),
// which knows that an address of TEST-NET-1 is a port here.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Api } from '../../operator/kubernetes/runtime/api.ts'
import { never } from './api-server.ts'

/** RFC 5737: nobody's. */
export const POD_ADDRESS = '192.0.2.1'
export const MACHINE_ADDRESS = '192.0.2.2'

export interface ClusterEgress {
  readonly apiServerArgs: readonly string[]
  /** `192.0.2.1:8082` -> port on 127.0.0.1 */
  readonly routes: Map<string, number>
  /** What was connected to, in order. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

export async function clusterEgress(): Promise<ClusterEgress> {
  const folder = mkdtempSync(join(tmpdir(), 'trellis-egress-'))
  const socketFile = join(folder, 'proxy.sock')
  const configFile = join(folder, 'egress.json')
  const connection = { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: socketFile } } }
  writeFileSync(
    configFile,
    JSON.stringify({
      apiVersion: 'apiserver.k8s.io/v1beta1',
      kind: 'EgressSelectorConfiguration',
      egressSelections: [{ name: 'cluster', connection }],
    }),
  )
  const routes = new Map<string, number>()
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const proxy = createServer()
  proxy.on('connect', ({ url = '' }, client: Socket, head: Buffer) => {
    asked.push(url)
    const port = routes.get(url)
    sockets.add(client)
    client.on('error', () => {})
    if (port === undefined) return void client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    const server = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      server.write(head)
      client.pipe(server).pipe(client)
    })
    sockets.add(server)
    server.on('error', () => client.destroy())
    server.once('close', () => client.destroy())
    client.once('close', () => {
      server.destroy()
      sockets.delete(client)
      sockets.delete(server)
    })
  })
  await new Promise<void>(resolve => proxy.listen(socketFile, resolve))
  return {
    apiServerArgs: [`--egress-selector-config-file=${configFile}`],
    routes,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => proxy.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A Service of that name with one pod behind it, at POD_ADDRESS. */
export async function serviceWithPod(
  api: Api,
  { namespace, name, labels }: { namespace: string; name: string; labels: Record<string, string> },
  port: { name: string; number: number },
): Promise<void> {
  const collection = `/api/v1/namespaces/${namespace}`
  const metadata = { name, labels }
  const post = (plural: string, body: object) =>
    api.send({ method: 'POST', path: `${collection}/${plural}`, body, signal: never })
  const ports = [{ name: port.name, port: port.number }]
  await post('services', { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } })
  await post('pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'a', image: 'a' }] } })
  await api.send({
    method: 'PATCH',
    path: `${collection}/pods/${name}/status`,
    contentType: 'application/merge-patch+json',
    body: { status: { podIP: POD_ADDRESS, podIPs: [{ ip: POD_ADDRESS }], phase: 'Running' } },
    signal: never,
  })
  // The API server proxies to addresses of pods only, and looks whether they are.
  const addresses = [{ ip: POD_ADDRESS, targetRef: { kind: 'Pod', name, namespace } }]
  await post('endpoints', { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets: [{ addresses, ports }] })
}
