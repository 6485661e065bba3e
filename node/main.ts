// A node process: `node main.ts --config FILE`. Logs one JSON line an event on stdout.
// Exit codes: 0 after SIGTERM or SIGINT, 3 when the configuration or the environment is at fault, 1 on a defect.
import { parseArgs } from 'node:util'
import { ConfigError, readConfig } from './config.ts'
import { Log } from './log.ts'
import { Node } from './node.ts'
import { StoreError } from './store/store.ts'

/** A stop that takes longer is ended: supervisors kill after their own grace period anyway. */
const stopWithinMs = 4_000

const log = new Log({ write: line => process.stdout.write(line) })

function fail(error: unknown): never {
  const expected = error instanceof ConfigError || error instanceof StoreError || isListenError(error)
  log.error(expected ? 'cannot start' : 'defect', {
    error: error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error),
  })
  process.exit(expected ? 3 : 1)
}

function isListenError(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'].includes(String(error.code))
  )
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  if (values.config === undefined) throw new ConfigError('usage: node main.ts --config FILE')
  const config = await readConfig(values.config)
  const node = new Node(config, log.child({ node: config.name }, config.logLevel))

  let stopping = false
  const stop = (signal: string): void => {
    if (stopping) return
    stopping = true
    log.info('stopping', { signal })
    setTimeout(() => process.exit(0), stopWithinMs).unref()
    node.stop().then(
      () => process.exit(0),
      error => fail(error),
    )
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))

  await node.start()
}

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
main().catch(fail)
