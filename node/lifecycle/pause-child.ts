// The process that stops its parent, a node, and lets it go on: a process that stands still cannot do that itself. It has
// the node's listening sockets, and answers the administration port and the probe of life in the meantime; whatever else
// wants to talk to the node waits. It ends with the pause, or with the node.
import { createServer } from 'node:http'
import { type Server, Socket } from 'node:net'
import { authorizer } from '../http/authorization.ts'
import { hold } from './hold-file.ts'
import type { FromPauseChild, ToPauseChild } from './pause-protocol.ts'
import { type LifecycleActs, lifecycleListener, lifeSigns } from './requests.ts'

const MAX_CONNECTIONS = 64
/** The clock may be set meanwhile: the end is looked for this often. */
const LOOK_EVERY_MS = 50

type Begin = Extract<ToPauseChild, { kind: 'begin' }>

/** What answers on each of the node's ports, and stops the node. */
function prepare({ parent, until: first, dataDir, adminToken }: Begin) {
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
  setInterval(() => {
    if (Date.now() >= until) end()
  }, LOOK_EVERY_MS)
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  return {
    admin: createServer(lifecycleListener(acts, authorizer(adminToken))),
    public: createServer(lifeSigns(() => {})),
    stop: (connection: Socket | undefined) => {
      signal(parent, 'SIGSTOP')
      if (connection) answer(connection, until)
    },
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended.
  }
}

/** It asked for the pause, and is not answered before its process stands still. */
function answer(connection: Socket, until: number): void {
  const body = JSON.stringify({ state: 'paused', until })
  const head = [
    'HTTP/1.1 200 OK',
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
  ]
  connection.on('error', () => {})
  connection.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

let prepared: ReturnType<typeof prepare> | undefined
process.on('message', (message: ToPauseChild, handle: Server | Socket | undefined) => {
  if (message.kind === 'begin') {
    prepared = prepare(message)
    const ready: FromPauseChild = { kind: 'ready' }
    process.send?.(ready)
  } else if (message.kind === 'stop') prepared?.stop(handle instanceof Socket ? handle : undefined)
  else if (prepared && handle && !(handle instanceof Socket)) {
    const http = prepared[message.kind]
    handle.maxConnections = MAX_CONNECTIONS
    handle.on('connection', socket => http.emit('connection', socket))
  }
})
// Only when the node ended: one that stands still keeps its end of the channel open.
process.on('disconnect', () => process.exit(0))
