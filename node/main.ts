// A node process: `node main.ts --config FILE`. Logs one JSON line an event on stdout.
// Exit codes: 0 after SIGTERM or SIGINT, 3 when the configuration or the environment is at fault, 1 on a defect.
import { parseArgs } from 'node:util'
import { ConfigError, readConfig } from './config.ts'
import { Node } from './node.ts'
import { Log } from './observe/log.ts'
import { startProblem } from './start-errors.ts'

/** A stop that takes longer is ended: supervisors kill after their own grace period anyway. */
const stopWithinMs = 4_000

const log = new Log({ write: line => process.stdout.write(line) })

function fail(error: unknown): never {
  const problem = startProblem(error)
  if (problem !== undefined) {
    log.error('cannot run', { error: problem })
    process.exit(3)
  }
  log.error('defect', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.exit(1)
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' } } })
  if (values.config === undefined) throw new ConfigError('usage: node main.ts --config FILE')
  const config = await readConfig(values.config)
  const node = new Node(config, log.child({ node: config.name }, config.logLevel), fail)

  let stopping = false
  const stop = (signal: string): void => {
    if (stopping) return
    stopping = true
    log.info('stopping', { signal })
    setTimeout(() => {
      log.warn('stopped before everything was closed', { afterMs: stopWithinMs })
      process.exit(0)
    }, stopWithinMs).unref()
    node.stop().then(() => {
      log.info('stopped')
      process.exit(0)
    }, fail)
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))

  await node.start()
}

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
main().catch(fail)
