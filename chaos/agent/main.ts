// The net agent's process. It needs nft, tc and ip, and the capability NET_ADMIN in the network namespace it shares with
// the node. Logs one JSON line an event on stdout. Exit codes: 0 after SIGTERM or SIGINT, 3 when the arguments or the
// environment are at fault, 1 on a defect.
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { Agent } from './agent.ts'
import { KernelRefused } from './kernel.ts'
import { DEFAULT_MAX_LEASE_MS } from './limits.ts'
import { startServer } from './server.ts'
import { MIN_KEY_BYTES } from './token.ts'

const usage = `usage: agent --key-file FILE --state-file FILE [--host ADDRESS] [--port PORT] [--max-lease-ms MS]
  --key-file      the testnet's key, ${MIN_KEY_BYTES} bytes at least: tokens made with it are obeyed
  --state-file    where rows are kept while the agent is started again
  --host, --port  where to listen; every address and 7075 when absent
  --max-lease-ms  the furthest away that a lease may end; ${DEFAULT_MAX_LEASE_MS} when absent`

class UsageError extends Error {}

const log = (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), message, ...fields })}\n`)
}

function fail(error: unknown): never {
  const environment = error instanceof UsageError || error instanceof KernelRefused || isSystemError(error)
  if (environment) log('cannot run', { error: (error as Error).message })
  else log('defect', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.exit(environment ? 3 : 1)
}

const isSystemError = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'

const text = { type: 'string' } as const
const flags = { 'key-file': text, 'state-file': text, host: text, port: text, 'max-lease-ms': text }

function options() {
  const values = read()
  const { 'key-file': keyFile, 'state-file': stateFile, host } = values
  if (keyFile === undefined || stateFile === undefined) throw new UsageError(usage)
  const port = wholeNumber('port', values.port ?? '7075', 0, 65_535)
  const maxLeaseMs = wholeNumber('max-lease-ms', values['max-lease-ms'] ?? `${DEFAULT_MAX_LEASE_MS}`, 1_000, 3_600_000)
  return { keyFile, stateFile, host, port, maxLeaseMs }
}

function read() {
  try {
    return parseArgs({ options: flags }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`)
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`--${name}: expected a whole number from ${min} to ${max}\n${usage}`)
}

async function main(): Promise<void> {
  const { keyFile, stateFile, host, port, maxLeaseMs } = options()
  const key = await readFile(keyFile)
  if (key.length < MIN_KEY_BYTES) throw new UsageError(`${keyFile}: has ${key.length} bytes; ${MIN_KEY_BYTES} at least`)
  const agent = await Agent.start({ maxLeaseMs, stateFile, log })
  const onDefect = (error: unknown, path: string): void => log('defect', { path, error: String(error) })
  const server = await startServer({ host, port, key, agent, onDefect })
  log('listening', { host, port: server.port, primitives: agent.primitives })
  // What is in force stays: the lease ends it, or the agent that comes after this one.
  const stop = (): void => {
    agent.stop()
    server.close().then(() => process.exit(0), fail)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
main().catch(fail)
