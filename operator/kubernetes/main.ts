// The operator process: `node main.ts --config FILE`. Credentials are those of its pod, or of KUBECONFIG when that is set.
// Logs one JSON line an event on stdout.
// Exit codes: 0 after SIGTERM or SIGINT, 1 when another process leads now or on a defect, 3 when the configuration or the
// environment is at fault.
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import { Log } from '../../node/observe/log.ts'
import { type OperatorConfig, operatorConfigSchema } from './config.ts'
import { startOperator } from './operator.ts'
import { credentials } from './runtime/credentials.ts'

const USAGE = 'usage: node main.ts --config FILE'
const MAX_CONFIG_CHARS = 1_048_576
/** A stop that takes longer is ended here: the pod's grace period is 30 s, and the drain of work takes 20 at most. */
const STOP_WITHIN_MS = 28_000

/** What whoever starts the operator has to mend; the message says how. */
class StartError extends Error {
  override readonly name = 'StartError'
}

let log = new Log({ write: line => process.stdout.write(line) })

function fail(error: unknown): never {
  if (error instanceof StartError) {
    log.error('cannot run', { error: error.message })
    process.exit(3)
  }
  log.error('defect', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.exit(1)
}

function configFile(): string {
  try {
    const { values } = parseArgs({ options: { config: { type: 'string' } } })
    if (values.config !== undefined) return values.config
  } catch (error) {
    throw new StartError(`${(error as Error).message}; ${USAGE}`)
  }
  throw new StartError(USAGE)
}

async function readConfig(file: string): Promise<OperatorConfig> {
  let plain: unknown
  try {
    const text = await readFile(file, 'utf8')
    if (text.length > MAX_CONFIG_CHARS) throw new Error(`it has more than ${MAX_CONFIG_CHARS} characters`)
    plain = JSON.parse(text)
  } catch (error) {
    throw new StartError(`${file} cannot be read: ${(error as Error).message}; the chart writes it as a ConfigMap`)
  }
  const parsed = operatorConfigSchema.safeParse(plain)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
  throw new StartError(`${file} is not right: ${problems.join('; ')}`)
}

function wayToServer(): ReturnType<typeof credentials> {
  try {
    return credentials()
  } catch (error) {
    throw new StartError((error as Error).message)
  }
}

async function main(): Promise<void> {
  const config = await readConfig(configFile())
  const kubeConfig = wayToServer()
  // Two processes in one pod, one after the other, are two: neither may take the other's lease for its own.
  const identity = `${hostname()}_${randomBytes(4).toString('hex')}`
  log = new Log({ write: line => process.stdout.write(line), level: config.logLevel })
  const stop = new AbortController()
  const onSignal = (signal: string) => {
    if (stop.signal.aborted) return
    log.info('stopping', { signal })
    setTimeout(() => {
      log.warn('stopped before everything was finished', { afterMs: STOP_WITHIN_MS })
      process.exit(0)
    }, STOP_WITHIN_MS).unref()
    stop.abort()
  }
  process.on('SIGTERM', () => onSignal('SIGTERM'))
  process.on('SIGINT', () => onSignal('SIGINT'))
  const operator = await startOperator({ config, kubeConfig, log, identity, stop: stop.signal }).catch(error => {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE' || code === 'EACCES')
      throw new StartError(`${(error as Error).message}; choose other ports under \`listen\``)
    throw error
  })
  log.info('started', { identity, namespaces: config.namespaces, ...operator.ports })
  const how = await operator.ended
  log.info('stopped', { how })
  process.exit(how === 'lost' ? 1 : 0)
}

process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
main().catch(fail)
