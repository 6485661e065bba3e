// The part of a kubelet that an API server asks for logs: HTTPS, `/containerLogs/<namespace>/<pod>/<container>`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx'

interface Line {
  /** As kubelets write it: nine digits of the second. */
  readonly at: string
  readonly text: string
}

export class SimulatedKubeletLogs {
  readonly port: number
  readonly #lines = new Map<string, Line[]>()
  readonly #following = new Map<string, Set<ServerResponse>>()
  readonly #server: ReturnType<typeof createServer>
  #clock = Date.parse('2026-01-01T00:00:00Z')

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  static async start(): Promise<SimulatedKubeletLogs> {
    const folder = mkdtempSync(join(tmpdir(), 'trellis-kubelet-'))
    try {
      const args = [
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '1',
        '-subj',
        '/CN=k',
      ]
      await $({ cwd: folder, quiet: true })`openssl req -x509 ${args} -keyout key.pem -out cert.pem`
      const pem = (name: string) => readFileSync(join(folder, name))
      const server = createServer({ key: pem('key.pem'), cert: pem('cert.pem') })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const logs = new SimulatedKubeletLogs(server)
      server.on('request', (request, response) => logs.#answer(new URL(request.url ?? '', 'https://kubelet'), response))
      return logs
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  /** A line of that pod's container. */
  say(pod: string, text: string): void {
    const line = { at: new Date(this.#clock++).toISOString().replace('Z', '000000Z'), text }
    const lines = this.#lines.get(pod)
    if (lines) lines.push(line)
    else this.#lines.set(pod, [line])
    for (const response of this.#following.get(pod) ?? []) response.write(`${line.at} ${text}\n`)
  }

  following(pod: string): number {
    return this.#following.get(pod)?.size ?? 0
  }

  /** The container ends: so do the streams of who follows it. */
  restart(pod: string): void {
    for (const response of this.#following.get(pod) ?? []) response.end()
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #answer({ pathname, searchParams }: URL, response: ServerResponse): void {
    const [, kind, , pod = ''] = pathname.split('/')
    if (kind !== 'containerLogs') return void response.writeHead(404).end()
    const all = this.#lines.get(pod) ?? []
    const since = searchParams.get('sinceTime')
    const tail = searchParams.get('tailLines')
    // A kubelet knows full seconds only.
    const after =
      since === null ? all : all.filter(({ at }) => Date.parse(at) >= Math.floor(Date.parse(since) / 1_000) * 1_000)
    const chosen = tail === null ? after : after.slice(Math.max(0, after.length - Number(tail)))
    const stamped = searchParams.get('timestamps') === 'true'
    response.writeHead(200, { 'Content-Type': 'text/plain' })
    response.write(chosen.map(({ at, text }) => `${stamped ? `${at} ` : ''}${text}\n`).join(''))
    if (searchParams.get('follow') !== 'true') return void response.end()
    const set = this.#following.get(pod) ?? new Set()
    this.#following.set(pod, set.add(response))
    response.once('close', () => set.delete(response))
  }
}
