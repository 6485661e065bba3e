// The process that stops its parent, a node, and lets it go on: a process that stands still cannot do that itself. It has
// the node's listening sockets, and answers the administration port and the probe of life in the meantime; whatever else
// wants to talk to the node waits. It ends with the pause, or with the node.
import { createServer, type RequestListener } from 'node:http'
import type { Server } from 'node:net'
import { authorizer } from '../http/authorization.ts'
import { hold } from './hold-file.ts'
import type { FromPauseChild, ToPauseChild } from './pause-protocol.ts'
import { type LifecycleActs, lifecycleListener, lifeSigns } from './requests.ts'

const MAX_CONNECTIONS = 64
/** The clock may be set meanwhile: the end is looked for this often. */
const LOOK_EVERY_MS = 50

const servers = new Map<string, Server>()

function begin({ parent, until: first, dataDir, adminToken }: Extract<ToPauseChild, { kind: 'begin' }>): void {
  let until = first
  const end = (): void => {
    signal(parent, 'SIGCONT')
    process.exit(0)
  }
  const acts: LifecycleActs = {
    state: () => ({ state: 'paused', until }),
    kill: async later => {
      await hold(dataDir, later)
      return () => {
        signal(parent, 'SIGKILL')
        process.exit(0)
      }
    },
    revive: async () => undefined,
    pause: async later => {
      until = later
      return undefined
    },
    resume: async () => end,
    restart: async () => () => {
      signal(parent, 'SIGTERM')
      end()
    },
  }
  serve('admin', lifecycleListener(acts, authorizer(adminToken)))
  serve(
    'public',
    lifeSigns(() => {}),
  )
  setInterval(() => {
    if (Date.now() >= until) end()
  }, LOOK_EVERY_MS)
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
}

function serve(kind: string, listener: RequestListener): void {
  const http = createServer(listener)
  const server = servers.get(kind)
  if (!server) return
  server.maxConnections = MAX_CONNECTIONS
  server.on('connection', socket => http.emit('connection', socket))
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended.
  }
}

let parent = 0
process.on('message', (message: ToPauseChild, server: Server | undefined) => {
  if (message.kind === 'stop') return signal(parent, 'SIGSTOP')
  if (message.kind !== 'begin') return void (server && servers.set(message.kind, server))
  parent = message.parent
  begin(message)
  const ready: FromPauseChild = { kind: 'ready' }
  process.send?.(ready)
})
// Only when the node ended: one that stands still keeps its end of the channel open.
process.on('disconnect', () => process.exit(0))
