// The operator as one piece: informers, controller, poller, election, and the two servers. `main.ts` gives it a process.
import { operatorMetrics } from '../../api/metrics/operator.ts'
import { registerMetrics } from '../../api/metrics/registered.ts'
import { testnetMetrics } from '../../api/metrics/testnet.ts'
import type { Log } from '../../node/observe/log.ts'
import { OutsideMetrics, type OutsideView } from '../outside-metrics.ts'
import { chaosParts } from './chaos/start.ts'
import type { OperatorConfig } from './config.ts'
import { outsideView } from './outside-view.ts'
import { serveReadApi } from './read-api/server.ts'
import { Api } from './runtime/api.ts'
import { Controller } from './runtime/controller.ts'
import type { ElectionTimes } from './runtime/election.ts'
import { EventRecorder } from './runtime/events.ts'
import { serveHealth } from './runtime/health.ts'
import type { InformerNote } from './runtime/informer.ts'
import { Leader, type LeaderNote } from './runtime/leader.ts'
import { countAnswers, countNotes, observeInformer, runtimeMetrics, showLeader } from './runtime/metrics.ts'
import { informerChecks, operate } from './runtime/operate.ts'
import type { Resource } from './runtime/resource.ts'
import { Writer } from './runtime/writer.ts'
import { TestnetController } from './testnet/controller.ts'
import { NodePoller, type PollTimes } from './testnet/poller.ts'
import { TestnetReadSource } from './testnet/read-source.ts'
import { openStores, type WatchTimes } from './testnet/stores.ts'

export interface OperatorOptions {
  readonly config: OperatorConfig
  /** Credentials and address of the API server. */
  readonly kubeConfig: ConstructorParameters<typeof Api>[0]
  readonly log: Log
  /** Of this process alone. */
  readonly identity: string
  /** Ends it in order. */
  readonly stop: AbortSignal
  readonly electionTimes?: ElectionTimes
  readonly pollTimes?: PollTimes
  /** How long a watch lasts, and what it may take beyond. */
  readonly watchTimes?: WatchTimes
}

export interface RunningOperator {
  readonly ports: { readonly health: number; readonly api: number }
  readonly leader: Leader
  /** `lost`: another process leads, and this one should end. */
  readonly ended: Promise<'lost' | 'stopped'>
}

/** Resolves when the ports are open. @throws what the system says of a port: EADDRINUSE, EACCES */
export async function startOperator(options: OperatorOptions): Promise<RunningOperator> {
  const { config, kubeConfig, log, identity, stop, electionTimes, pollTimes, watchTimes } = options
  const registered = registerMetrics({ ...operatorMetrics, ...testnetMetrics }, { ofProcess: true })
  const metrics = runtimeMetrics(registered)
  const outside = new OutsideMetrics(registered)
  const api = new Api(kubeConfig, { onAnswer: countAnswers(metrics) })
  const now = () => performance.now()
  const rng = Math.random
  const closed = new AbortController()
  const { namespace, lease } = config

  const show = showLeader(metrics, lease)
  const leader = new Leader(api, {
    lease: { namespace, name: lease },
    identity,
    ...(electionTimes && { times: electionTimes }),
    onNote: note => {
      show(note)
      tellLeader(log, note)
    },
  })
  const writer = new Writer(api, leader)
  const recorder = new EventRecorder(writer, metrics, identity, closed.signal)
  const changed = (key: string) => {
    controller.add(key)
    source.changed(key)
  }
  const poller = new NodePoller({ onRound: changed, signal: closed.signal })
  const tellInformer = informerTeller(log)
  const onNote = (name: string, resource: Resource, note: InformerNote) => {
    countNotes(metrics, resource)(note)
    tellInformer(name, note)
  }
  const stores = openStores(api, {
    namespaces: config.namespaces,
    watchTimes,
    onTestnet: key => {
      changed(key)
      chaos?.controller.add(key)
    },
    onDeleted: (resource, object) => testnets.memory.removed(resource, object),
    onNote,
    now,
  })
  const testnets = new TestnetController({ config, api, writer, recorder, stores, poller, pollTimes, rng, now })
  const source = new TestnetReadSource(stores, testnets, poller)
  const controller: Controller = new Controller({
    name: 'testnet',
    reconcile: (key, signal) => testnets.reconcile(key, signal),
    metrics,
    concurrency: config.concurrency,
    onError: (key, error, retryInMs) => log.warn('reconciliation failed', { testnet: key, error, retryInMs }),
  })

  const chaos = chaosParts({
    config,
    api,
    writer,
    recorder,
    metrics,
    testnetStores: stores,
    watchTimes,
    onNote,
    onError: (key, error, retryInMs) =>
      log.warn('reconciliation of experiments failed', { testnet: key, error, retryInMs }),
    onOutcome: outcome => outside.count(outcome),
    now,
  })

  const controllers = [controller, ...(chaos ? [chaos.controller] : [])]
  const required = stores.places.flat()
  const optional = [...stores.optional, ...(chaos?.informers ?? [])]
  const informers = [...required, ...optional]
  registered.onScrape(() => {
    for (const each of controllers) each.observe()
    for (const informer of informers) observeInformer(metrics, informer)
    // Two processes must not tell of the same testnet: sums over all of them would be wrong.
    const view = leader.isLeader ? outsideView(source, chaos?.stores.experiments() ?? []) : nothing
    outside.show(view)
  })
  const health = await serveHealth({
    host: config.listen.host,
    port: config.listen.health,
    ...informerChecks(...stores.places),
    scrape: () => registered.scrape(),
  })
  const readApi = await serveReadApi({
    host: config.listen.host,
    port: config.listen.api,
    source,
    onDefect: (error, path) => log.error('the read API failed', { path, error }),
  }).catch(async error => {
    await health.close()
    throw error
  })
  const parts = {
    informers: required,
    optionalInformers: optional,
    controllers,
    leader,
    recorder,
  }
  const ended = operate(parts, stop).finally(async () => {
    closed.abort()
    await Promise.all([readApi.close(), health.close()])
    api.close()
  })
  return { ports: { health: health.port, api: readApi.port }, leader, ended }
}

const nothing: OutsideView = { testnets: [], experiments: [] }

function tellLeader(log: Log, note: LeaderNote): void {
  if (note.kind === 'leading') log.info('leads', { transitions: note.transitions })
  else if (note.kind === 'following') log.info('follows', { leader: note.holder })
  else if (note.kind === 'lost') log.warn('leads no more: another process may')
  else log.warn('the lease could not be read or written', { error: note.message })
}

/** Tells of each trouble of an informer once, and of its end. */
function informerTeller(log: Log): (name: string, note: InformerNote) => void {
  const troubles = new Map<string, string>()
  return (name, note) => {
    if (note.kind !== 'broke') {
      if (troubles.delete(name)) log.info('followed again', { objects: name })
      return
    }
    const { reason, next, delayMs } = note
    const known = troubles.get(name)
    troubles.set(name, reason)
    // Streams are cut in the normal course of things.
    const fields = { objects: name, reason, next, delayMs }
    if (known === reason || next === 'watch') log.debug('a list or a watch ended', fields)
    else log.warn('cannot be followed', { ...fields, ...(mends[reason] && { mend: mends[reason] }) })
  }
}

const mends: Readonly<Record<string, string>> = {
  404: 'its definition is not installed: install the CRDs of the chart (crds.enabled), or wait until it is back',
  NotFound: 'its definition is not installed: install the CRDs of the chart (crds.enabled), or wait until it is back',
  Forbidden: 'the service account may not list it: install the roles of the chart',
  Unauthorized: 'the credentials are not accepted: is the service account token mounted?',
}
