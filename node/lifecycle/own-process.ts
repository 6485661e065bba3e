// What a running node does to its own process on request (requests.ts).
import { type ChildProcess, spawn } from 'node:child_process'
import type { Server, Socket } from 'node:net'
import { extname, join } from 'node:path'
import { HttpError } from '../http/errors.ts'
import { hold, release } from './hold-file.ts'
import type { FromPauseChild, ToPauseChild } from './pause-protocol.ts'
import type { LifecycleActs } from './requests.ts'

/** A small process; longer than that a busy machine does not take. */
const READY_WITHIN_MS = 5_000

export interface OwnProcessOptions {
  readonly dataDir: string
  readonly adminToken: string | undefined
  /** Listening, of the two ports. */
  readonly servers: () => { readonly public: Server; readonly admin: Server }
}

/** In a bundle it lies beside it; else it is the source beside this one. */
const childScript = (): string => join(import.meta.dirname, `pause-child${extname(import.meta.filename)}`)

export function ownProcess({ dataDir, adminToken, servers }: OwnProcessOptions): LifecycleActs {
  let child: ChildProcess | undefined
  return {
    state: () => ({ state: 'running' }),
    kill: async until => {
      await hold(dataDir, until)
      return () => process.kill(process.pid, 'SIGKILL')
    },
    revive: async () => {
      await release(dataDir)
      return undefined
    },
    pause: async until => {
      // One that is about to stop this process.
      if (child) throw new HttpError('busy', 'a pause begins or ends at this moment; ask again')
      const started = spawn(process.execPath, [childScript()], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      child = started
      started.once('exit', () => {
        if (child === started) child = undefined
      })
      const { public: open, admin } = servers()
      const tell = (message: ToPauseChild, handle?: Server | Socket) => started.send(message, handle, () => {})
      try {
        tell({ kind: 'begin', parent: process.pid, until, dataDir, adminToken })
        await readiness(started)
      } catch (error) {
        started.kill('SIGKILL')
        throw error
      }
      return {
        handOver: connection => {
          tell({ kind: 'public' }, open)
          tell({ kind: 'admin' }, admin)
          tell({ kind: 'stop' }, connection)
        },
      }
    },
    resume: async () => undefined,
    restart: async () => () => process.kill(process.pid, 'SIGTERM'),
  }
}

async function readiness(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(
    () => reject(new Error('the child that was to stop this process did not start')),
    READY_WITHIN_MS,
  )
  child.once('message', (message: FromPauseChild) => message.kind === 'ready' && resolve())
  child.once('error', reject)
  child.once('exit', code => reject(new Error(`the child that was to stop this process ended with code ${code}`)))
  await promise.finally(() => clearTimeout(timer))
}
