// The process of an experiment's Job: `node runner.js --namespace NS --experiment NAME`. The testnet's Secret is mounted at
// /etc/trellis-runner/testnet, or where --secret says. Logs one JSON line an event on stdout.
// SIGTERM heals at once and ends the run when it was aborted or deleted; else the run goes on until another runner has taken
// its place. Exit codes: 0 when the outcome is in the status, whatever it is; 1 on a defect; 3 when arguments or environment
// are at fault, the API server cannot be reached, or another runner is to go on.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import { Log } from '../../../node/observe/log.ts'
import { runnerEnvironment, TESTNET_SECRET_DIR } from '../chaos/names.ts'
import { Api } from '../runtime/api.ts'
import { ApiError, ConnectionError } from '../runtime/api-error.ts'
import { credentials } from '../runtime/credentials.ts'
import { HandedOver, runStored } from './run-experiment.ts'

const USAGE = 'usage: node runner.js --namespace NAMESPACE --experiment NAME [--secret FOLDER]'

/** What whoever starts the runner has to mend; the message says how. */
class StartError extends Error {
  override readonly name = 'StartError'
}

const log = new Log({ write: line => process.stdout.write(line) })

function fail(error: unknown): never {
  const outside =
    error instanceof StartError ||
    error instanceof HandedOver ||
    error instanceof ApiError ||
    error instanceof ConnectionError ||
    (error instanceof Error && 'syscall' in error)
  if (outside) log.error('cannot run', { error: (error as Error).message })
  else log.error('defect', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.exit(outside ? 3 : 1)
}

function options(): { namespace: string; experiment: string; secret: string } {
  const text = { type: 'string' } as const
  try {
    const { values } = parseArgs({ options: { namespace: text, experiment: text, secret: text } })
    const { namespace, experiment, secret = TESTNET_SECRET_DIR } = values
    if (namespace !== undefined && experiment !== undefined) return { namespace, experiment, secret }
  } catch (error) {
    throw new StartError(`${(error as Error).message}; ${USAGE}`)
  }
  throw new StartError(USAGE)
}

async function main(): Promise<void> {
  const { namespace, experiment, secret } = options()
  let config: ReturnType<typeof credentials>
  try {
    config = credentials()
  } catch (error) {
    throw new StartError((error as Error).message)
  }
  const stop = new AbortController()
  const onSignal = (signal: string): void => {
    log.info('stopping', { signal })
    stop.abort(new Error('the runner was told to stop'))
  }
  process.on('SIGTERM', () => onSignal('SIGTERM'))
  process.on('SIGINT', () => onSignal('SIGINT'))
  const api = new Api(config, { userAgent: 'trellis-runner' })
  const name = { namespace, name: experiment }
  const { [runnerEnvironment.uid]: uid, [runnerEnvironment.pod]: pod } = process.env
  const holder = pod ?? `${hostname()}-${randomUUID()}`
  await runStored({ api, name, uid, holder, secretFolder: secret, log, stop: stop.signal })
  process.exit(0)
}

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
main().catch(fail)
