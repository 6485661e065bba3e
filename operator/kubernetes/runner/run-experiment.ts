// One run in the cluster, from what is stored to the last word in the status.

import { endPhases } from '../../../api/status.ts'
import { rowId } from '../../../chaos/matrix.ts'
import { pause } from '../../../chaos/runner/node-client.ts'
import { PreflightFailed } from '../../../chaos/runner/preflight.ts'
import { type RunResult, runExperiment } from '../../../chaos/runner/run.ts'
import type { Log } from '../../../node/observe/log.ts'
import { experiments, type StoredExperiment } from '../chaos/stored-experiment.ts'
import type { Api } from '../runtime/api.ts'
import { isNotFound } from '../runtime/api-error.ts'
import type { ObjectName } from '../runtime/resource.ts'
import { Writer } from '../runtime/writer.ts'
import { Superseded } from './claim.ts'
import { clusterTarget } from './cluster-target.ts'
import { whyUnsupported } from './injector.ts'
import { Kept } from './kept.ts'
import { lapses } from './lapses.ts'
import { letGoReason } from './lookout.ts'
import type { RunnerMeters } from './metrics.ts'
import { type RunnerStatus, statusAfter, statusRefused, statusWhile } from './outcome.ts'
import { mayPass, persistently } from './persistently.ts'
import { PodAddresses } from './pod-addresses.ts'
import { StatusWriter } from './status-writer.ts'
import { readGiven, readSecrets, Unusable } from './stored.ts'

/** Owns the fields that runners apply. */
export const RUNNER_FIELD_MANAGER = 'trellis-runner'
const READ_WITHIN_MS = 30_000
/** Faults last that much longer at most for the question whether they are to end. */
const ASK_WITHIN_MS = 2_000
/** One that goes on until its successor is there asks again. */
const STILL_WANTED_MS = 1_000

export interface RunOptions {
  readonly api: Api
  /** Of the experiment. */
  readonly name: ObjectName
  /** Of the experiment that this process was started for; any of that name when undefined. */
  readonly uid: string | undefined
  /** This runner's name among those of the experiment: its pod's. */
  readonly holder: string
  /** Where the testnet's Secret is mounted. */
  readonly secretFolder: string
  readonly log: Log
  readonly meters: RunnerMeters
  /** Aborting ends the run here: for good, healing at once, when that is wanted, else another runner goes on. */
  readonly stop: AbortSignal
}

/**
 * This process is to end, but not the run: its machine is drained, another runner has taken its place, or the API server is
 * out of its reach. It must end at once and lift nothing: what it holds is its successor's, or lapses.
 */
export class HandedOver extends Error {
  override readonly name = 'HandedOver'
}

/**
 * Resolves when all that was to be said is in the status, whatever the verdict.
 * @throws HandedOver, ApiError, ConnectionError and what reading the secrets throws
 */
export async function runStored(options: RunOptions): Promise<void> {
  const { api, name, uid, log } = options
  // What heals and tells of it goes on although the run was stopped.
  const closed = new AbortController()
  const { signal } = closed
  const writer = new Writer(api, { check: () => signal }, RUNNER_FIELD_MANAGER)
  try {
    const stored = await persistently(READ_WITHIN_MS, signal, () => api.get(experiments, name, signal))
    if (uid !== undefined && stored.metadata.uid !== uid)
      return log.info('the experiment was deleted, and another one has its name', { uid })
    if (endPhases.some(phase => phase === stored.status?.phase)) return log.info('over already', { ...stored.status })
    const status = new StatusWriter(
      writer,
      { ...name, uid: stored.metadata.uid },
      {
        signal,
        onProblem: error => log.warn('the status could not be written', { error: String(error) }),
      },
    )
    const ending = new AbortController()
    const leaving = new AbortController()
    const handedOver = Promise.withResolvers<never>()
    const letGo = (reason: string): void => handedOver.reject(new HandedOver(reason))
    // Nobody may be waiting for it.
    handedOver.promise.catch(() => {})
    const onStop = async (): Promise<void> => {
      while (!signal.aborted) {
        const wanted = await isWanted(api, stored, signal)
        // Who is in doubt heals; one that is known to be wanted, until it is known not to be.
        if (wanted === false || (wanted === undefined && !leaving.signal.aborted))
          return ending.abort(options.stop.reason)
        leaving.abort()
        await pause(STILL_WANTED_MS, signal)
      }
    }
    if (options.stop.aborted) void onStop()
    else options.stop.addEventListener('abort', () => void onStop(), { once: true })
    const kept = new Kept(api, writer, stored, options.holder)
    const parts = { status, kept, signal, letGo, leaving: leaving.signal }
    const run = finalStatus({ ...options, stop: ending.signal }, parts)
    const last = await Promise.race([run, handedOver.promise])
    log.info('over', { phase: last.phase, reason: last.reason, message: last.message })
    await Promise.race([status.end(last), handedOver.promise])
  } catch (error) {
    // Deleted in the midst: nobody is left to be told.
    if (!isNotFound(error)) throw error
    log.info('the experiment is gone', { error: (error as Error).message })
  } finally {
    closed.abort()
  }
}

/** Whether the run is to go on; undefined when it cannot be told. */
async function isWanted(api: Api, { metadata }: StoredExperiment, signal: AbortSignal): Promise<boolean | undefined> {
  try {
    const asked = AbortSignal.any([signal, AbortSignal.timeout(ASK_WITHIN_MS)])
    const now = await api.get(experiments, metadata, asked)
    const { abort } = (now.spec ?? {}) as { abort?: boolean }
    return now.metadata.uid === metadata.uid && now.metadata.deletionTimestamp === undefined && abort !== true
  } catch (error) {
    return isNotFound(error) ? false : undefined
  }
}

interface RunParts {
  readonly status: StatusWriter
  readonly kept: Kept
  readonly signal: AbortSignal
  /** Ends this runner without a word. */
  readonly letGo: (reason: string) => void
  /** Aborted once this runner is to be replaced. */
  readonly leaving: AbortSignal
}

async function finalStatus(
  { api, name, secretFolder, log, stop, meters }: RunOptions,
  { status, kept, signal, letGo, leaving }: RunParts,
): Promise<RunnerStatus> {
  // Until there is something to heal.
  const early = AbortSignal.any([signal, stop])
  const refused = (reason: string, error: Error) => statusRefused(reason, error.message, Date.now())
  try {
    const given = await persistently(READ_WITHIN_MS, early, () => readGiven(api, name, early))
    const { expanded, experiment, stored, endsBy } = given
    const checkpoint = await persistently(READ_WITHIN_MS, early, () => kept.takeOver(early))
    void letGoReason(kept, leaving, signal).then(letGo)
    if (!checkpoint && Date.now() >= endsBy)
      throw new Unusable(`nothing may be injected after ${stored.status?.plan?.endsBy}, and nothing was until now`)
    const pods = new PodAddresses(api, name.namespace ?? '', expanded)
    await pods.start(signal)
    const secrets = await readSecrets(secretFolder)
    const { target, choice } = await clusterTarget({
      api,
      namespace: name.namespace ?? '',
      given,
      secrets,
      pods,
      signal,
      before: checkpoint && stored.status?.fidelity,
    })
    const unsupported = whyUnsupported(experiment, choice)
    if (unsupported !== undefined) return statusRefused('Unsupported', unsupported, Date.now())
    const windows = checkpoint?.windows ?? []
    const lapsed = await lapses(target, experiment.name, windows, signal, Date.now())
    const notes = [...choice.reasons.map(reason => `not by the kernel: ${reason}`), ...lapsed]
    log.info('running', { fidelity: choice.fidelity, notes, takenOver: checkpoint !== undefined })
    const kinds = new Map(experiment.faults.map(({ name, action }) => [name, action.kind]))
    const held = new Map(experiment.faults.map(({ name }) => [rowId(experiment.name, name), name]))
    meters.testnet = expanded.name
    let startedAt = checkpoint?.phases.find(({ phase }) => phase === 'inject')?.at
    const result = await runExperiment({
      experiment,
      target: {
        ...target,
        links: meters.metered(target.links, held),
        clocks: target.clocks && meters.metered(target.clocks, held),
      },
      checkpoint,
      signal: stop,
      onCheckpoint: async state => {
        try {
          await kept.saveCheckpoint(state, signal)
        } catch (error) {
          if (!(error instanceof Superseded) && !mayPass(error)) throw error
          // Lifting would take from a successor what it renews: nothing is done any more.
          letGo(`the state of the run could not be kept: ${(error as Error).message}`)
          await new Promise<never>(() => {})
        }
      },
      onNote: state => kept.noteCheckpoint(state, signal),
      onProgress: progress => {
        if (progress.phase === 'inject') startedAt ??= Date.now()
        const told = statusWhile(progress, choice.fidelity, startedAt)
        meters.show(progress.faults, told.faults, kinds)
        status.say(told)
      },
    })
    return statusAfter(result, {
      at: Date.now(),
      aborted: stop.aborted,
      notes,
      kept: await keepRecord(kept, result, log, signal),
    })
  } catch (error) {
    if (stop.aborted && error === stop.reason) {
      const message = 'aborted before anything was injected by this runner'
      return { ...statusRefused('Aborted', message, Date.now()), phase: 'Aborted' }
    }
    if (error instanceof PreflightFailed) return refused('PreflightFailed', error)
    if (error instanceof Unusable) return refused('Unusable', error)
    throw error
  }
}

async function keepRecord(
  kept: Kept,
  { record }: RunResult,
  log: Log,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    return await kept.saveRecord(record, signal)
  } catch (error) {
    log.warn('the record could not be kept', { error: String(error) })
    return undefined
  }
}
