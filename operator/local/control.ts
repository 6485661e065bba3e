// The supervisor's control endpoint: HTTP on loopback with a token that only this user can read (control.json, 0600).
// A Unix socket would do, but its path is limited to about 100 bytes and state folders may lie deeper.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { controlFile, writeFileWhole } from './state-folder.ts'
import { type NodeAction, nodeActions } from './supervised-node.ts'
import type { Supervisor } from './supervisor.ts'

const REQUEST_TIMEOUT_MS = 30_000
const MAX_CONNECTIONS = 64

export interface Control {
  close(): void
}

/** Listens and writes control.json. `onStop` is called once a stop is asked for; the answer does not wait for it. */
export async function serveControl(
  folder: string,
  supervisor: Supervisor,
  onStop: (keepData: boolean) => void,
): Promise<Control> {
  const token = randomBytes(32).toString('hex')
  const server: Server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    request.resume()
    if (!isAllowed(request, token)) return answer(response, 401, { error: 'token missing or wrong' })
    void route(request, response, supervisor, onStop)
  })
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as { port: number }
  writeFileWhole(controlFile(folder), `${JSON.stringify({ url: `http://127.0.0.1:${port}`, token })}\n`)
  return {
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  supervisor: Supervisor,
  onStop: (keepData: boolean) => void,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://control')
  const [kind, name, action, ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponentSafe)
  if (request.method === 'GET' && kind === 'status') return answer(response, 200, supervisor.record)
  if (request.method === 'POST' && kind === 'stop') {
    answer(response, 202, {})
    return onStop(url.searchParams.get('keepData') === 'true')
  }
  if (request.method === 'POST' && kind === 'nodes' && name && isAction(action) && rest.length === 0) {
    const end = url.searchParams.get('until')
    const until = end === null ? undefined : Number(end)
    if (until !== undefined && !Number.isSafeInteger(until))
      return answer(response, 400, {
        error: `until: expected milliseconds since the epoch, not ${JSON.stringify(end)}`,
      })
    try {
      await supervisor.act(name, action, until)
      return answer(response, 200, {})
    } catch (error) {
      return answer(response, 409, { error: (error as Error).message })
    }
  }
  answer(response, 404, { error: `no ${request.method} ${url.pathname} here` })
}

function isAllowed(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

const isAction = (text: string | undefined): text is NodeAction => nodeActions.some(action => action === text)

function decodeURIComponentSafe(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(`${JSON.stringify(body)}\n`)
}
