// The process of an experiment's Job: `node runner.js --namespace NS --experiment NAME`. The testnet's Secret is mounted at
// /etc/trellis-runner/testnet, or where --secret says. Logs one JSON line an event on stdout.
// SIGTERM heals at once and ends the run when it was aborted or deleted; else the run goes on until another runner has taken
// its place. Exit codes: 0 when the outcome is in the status, whatever it is; 1 on a defect; 3 when arguments or environment
// are at fault, the API server cannot be reached, or another runner is to go on.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import { Log } from '../../../node/observe/log.ts'
import { metricsAnswer, servePlain } from '../../plain-server.ts'
import { runnerEnvironment, TESTNET_SECRET_DIR } from '../chaos/names.ts'
import { Api } from '../runtime/api.ts'
import { ApiError, ConnectionError } from '../runtime/api-error.ts'
import { credentials } from '../runtime/credentials.ts'
import { RunnerMeters } from './metrics.ts'
import { HandedOver, runStored } from './run-experiment.ts'

const USAGE = 'usage: node runner.js --namespace NAMESPACE --experiment NAME [--secret FOLDER] [--metrics-port PORT]'

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

function options() {
  const text = { type: 'string' } as const
  try {
    const known = { namespace: text, experiment: text, secret: text, 'metrics-port': text }
    const {
      namespace,
      experiment,
      secret = TESTNET_SECRET_DIR,
      'metrics-port': port,
    } = parseArgs({ options: known }).values
    if (port !== undefined && !/^\d{1,5}$/.test(port)) throw new Error(`--metrics-port: ${port} is no port`)
    if (namespace !== undefined && experiment !== undefined) return { namespace, experiment, secret, port }
  } catch (error) {
    throw new StartError(`${(error as Error).message}; ${USAGE}`)
  }
  throw new StartError(USAGE)
}

async function main(): Promise<void> {
  const { namespace, experiment, secret, port } = options()
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
  const meters = new RunnerMeters({ namespace, experiment })
  if (port !== undefined) await serveMetrics(Number(port), meters)
  await runStored({ api, name, uid, holder, secretFolder: secret, log, meters, stop: stop.signal })
  process.exit(0)
}

/** No run is given up because nobody can watch it. */
async function serveMetrics(port: number, meters: RunnerMeters): Promise<void> {
  const pages = { '/metrics': async () => metricsAnswer(await meters.scrape()) }
  await servePlain('0.0.0.0', port, pages).catch(error => log.warn('no metrics', { port, error: String(error) }))
}

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
main().catch(fail)
