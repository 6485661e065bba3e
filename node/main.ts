// A node process: `node main.ts --config FILE...`; `--config` may be given several times, and the later file wins field
// by field. Logs one JSON line an event on stdout.
// Exit codes: 0 after SIGTERM or SIGINT, 3 when the configuration or the environment is at fault, 1 on a defect.
import { parseArgs } from 'node:util'
import { ConfigError, readConfig } from './config.ts'
import { RosterWatch } from './faults/roster-watch.ts'
import { whileHeld } from './lifecycle/held.ts'
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

function configFiles(): string[] {
  const usage = 'usage: node main.ts --config FILE [--config FILE ...]'
  try {
    const { values } = parseArgs({ options: { config: { type: 'string', multiple: true } } })
    if (values.config !== undefined) return values.config
  } catch (error) {
    throw new ConfigError(`${(error as Error).message}; ${usage}`, { cause: error })
  }
  throw new ConfigError(usage)
}

async function main(): Promise<void> {
  const files = configFiles()
  const config = await readConfig(files)
  // While it is held there is nothing to close.
  const leave = (): never => process.exit(0)
  process.once('SIGTERM', leave)
  process.once('SIGINT', leave)
  await whileHeld(config, (message, fields) => log.info(message, { node: config.name, ...fields }))
  process.off('SIGTERM', leave)
  process.off('SIGINT', leave)
  const node = new Node(config, log.child({ node: config.name }, config.logLevel), fail)
  const roster = new RosterWatch({
    files,
    current: config,
    onChange: changed => node.regard(changed),
    onProblem: error => log.warn('roster not read again', { error: (error as Error).message }),
  })

  let stopping = false
  const stop = (signal: string): void => {
    if (stopping) return
    stopping = true
    log.info('stopping', { signal })
    roster.stop()
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
  roster.start()
}

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
main().catch(fail)
