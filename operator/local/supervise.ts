// One supervisor's life: start the nodes, serve the control endpoint, run until it is stopped, leave nothing behind.
// The foreground `up` runs this in its own process, `up --detach` in one that survives the shell.
import { type Control, serveControl } from './control.ts'
import { LocalError } from './errors.ts'
import type { LocalMetrics } from './metrics.ts'
import { readRecord, type TestnetRecord, writeRecord } from './record.ts'
import { removeFolder, testnetFolder } from './state-folder.ts'
import { Supervisor } from './supervisor.ts'
import { emptyTargets, scrapeTargets, writeTargets } from './targets-file.ts'

export interface SuperviseOptions {
  readonly root: string
  readonly name: string
  /** How long all nodes together may take until they are ready. */
  readonly readyTimeoutMs: number
  /** First abort: end in order, as at the end of the testnet's ttl. The reason `force` of a second signal is given by `force`. */
  readonly stop: AbortSignal
  /** Kills instead of waiting for a clean end. */
  readonly force?: AbortSignal
  readonly onChange?: (record: TestnetRecord) => void
  readonly onReady?: (record: TestnetRecord) => void
  readonly warn: (message: string) => void
}

/** The end of a ttl goes by the wall clock, also on a machine that slept meanwhile: it is looked at this often. */
const TTL_LOOK_MS = 60_000

/**
 * Resolves with who ended it once no process is left; the folder is gone then, unless its data is kept.
 * Throws LocalError when the nodes did not get ready, after the same clean-up.
 */
export async function supervise(options: SuperviseOptions): Promise<'signal' | 'request' | 'ttl'> {
  const { root, name, stop, warn } = options
  const folder = testnetFolder(root, name)
  const record = readRecord(folder)
  if (record === undefined)
    throw new LocalError('not-found', `there is no testnet ${name} to run`, 'start it with `trellis up FILE`')
  const resumed = record.phase === 'stopped'
  const supervisor = new Supervisor({
    folder,
    record,
    random: Math.random,
    warn,
    ...(options.onChange && { onChange: options.onChange }),
  })
  const requested = new AbortController()
  let keepData = false
  let control: Control | undefined
  let metrics: LocalMetrics | undefined
  options.force?.addEventListener('abort', () => void supervisor.stop(true))
  const ttl = timeUp(record.endsAt)
  const ended = AbortSignal.any([stop, requested.signal, ttl.signal])
  let failure: unknown
  try {
    supervisor.start()
    control = await serveControl(folder, supervisor, keep => {
      keepData = keep
      requested.abort()
    })
    const { serveMetrics } = await import('./metrics.ts')
    metrics = await serveMetrics(folder, supervisor)
    // Addresses are chosen before a supervisor begins and stay as long as it lives.
    writeTargets(folder, scrapeTargets(supervisor.record, metrics.port))
    await supervisor.ready(options.readyTimeoutMs, ended)
    options.onReady?.(supervisor.record)
    if (!ended.aborted) await new Promise(resolve => ended.addEventListener('abort', resolve, { once: true }))
  } catch (error) {
    if (!ended.aborted) failure = error
  }
  ttl.release()
  await supervisor.stop(options.force?.aborted ?? false)
  control?.close()
  emptyTargets(folder)
  await metrics?.close()
  // Data that an earlier run kept is not ours to throw away when this run could not start.
  if (keepData || (resumed && failure !== undefined)) {
    writeRecord(folder, { ...supervisor.record, phase: 'stopped', supervisor: null })
  } else {
    removeFolder(folder)
  }
  if (failure !== undefined) throw failure
  if (requested.signal.aborted) return 'request'
  return ttl.signal.aborted && !stop.aborted ? 'ttl' : 'signal'
}

/** Aborts at that time, milliseconds since the epoch; never when there is none. */
function timeUp(endsAt: number | undefined): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const wait = (): void => {
    const left = (endsAt ?? 0) - Date.now()
    if (left <= 0) controller.abort()
    else timer = setTimeout(wait, Math.min(left, TTL_LOOK_MS))
  }
  if (endsAt !== undefined) wait()
  return { signal: controller.signal, release: () => clearTimeout(timer) }
}
