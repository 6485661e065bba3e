// trellis watch [NAME]: the dashboard; plain lines where there is no terminal for it.
import type { Command } from 'commander'
import { abortExperiment, claimed } from '../../operator/local/experiment-claim.ts'
import { stateRoot, testnetFolder } from '../../operator/local/state-folder.ts'
import { chooseTestnet, listTestnets } from '../../operator/local/testnets.ts'
import { listenForInterrupts } from '../interrupts.ts'
import type { Cluster } from '../source/cluster/connect.ts'
import type { Terminal } from '../terminal.ts'
import type { Deeds } from '../watch/dashboard.ts'
import type { Feed, OnFeed } from '../watch/feed/feed.ts'
import { nameOf } from '../watch/model/state.ts'
import { addPlaceOptions, clusterOf, type PlaceOptions } from './place.ts'

const ABORT_TIMEOUT_MS = 30_000
/** A server that does not answer before the screen is there is told as an error. */
const FIRST_ANSWER_MS = 30_000

interface WatchOptions extends PlaceOptions {
  readonly plain?: boolean
  readonly readonly?: boolean
}

export function addWatch(program: Command, terminal: Terminal): void {
  addPlaceOptions(program.command('watch [name]').description('a testnet as it lives: nodes, heads, faults, events'))
    .option('--plain', 'lines instead of a dashboard, as where there is no terminal')
    .option('--readonly', 'without keys that change something')
    .action((name: string | undefined, options: WatchOptions) => watch(name, options, terminal))
}

interface Place {
  readonly place: string
  /** Key of the testnet to begin with; undefined for the list of all. */
  readonly testnet: string | undefined
  readonly feed: (tell: OnFeed) => Feed
  readonly deeds: Deeds
}

async function watch(name: string | undefined, options: WatchOptions, terminal: Terminal): Promise<void> {
  const { feed, testnet, place, deeds } = await placeOf(name, options, terminal)
  const interrupts = listenForInterrupts()
  try {
    if (isPlain(options, terminal)) {
      const { followLines } = await import('../watch/plain-lines.ts')
      return await followLines({ testnet, feed, terminal, signal: interrupts.stop })
    }
    // Ink's React has a development build, which is slow and remembers every frame.
    const { env } = process
    env.NODE_ENV ??= 'production'
    const { showDashboard } = await import('../watch/dashboard.ts')
    const readonly = options.readonly === true
    await showDashboard({ place, readonly, testnet, feed, paint: terminal.paint, deeds, signal: interrupts.stop })
  } finally {
    interrupts.release()
  }
}

/** Named: it must be there. With one testnet that one, else the list of all. @throws what the source says */
async function placeOf(name: string | undefined, options: PlaceOptions, terminal: Terminal): Promise<Place> {
  const cluster = await clusterOf(options, terminal)
  if (!cluster) {
    const root = stateRoot(terminal.env)
    const running = listTestnets(root).filter(({ standing }) => standing === 'running')
    const testnet = name !== undefined || running.length === 1 ? chooseTestnet(root, name).name : undefined
    const { localFeed } = await import('../watch/feed/local.ts')
    const { library } = await import('../watch/library.ts')
    const { startHere } = await import('../watch/start-experiment.ts')
    const deeds: Deeds = {
      abort: of => abortHere(testnetFolder(root, of)),
      start: (of, file) => startHere(root, of, file, terminal.env),
      library,
    }
    return { place: 'this machine', testnet, feed: tell => localFeed(root, tell), deeds }
  }
  return await clusterPlace(cluster, name, terminal).catch(error => {
    cluster.close()
    throw error
  })
}

async function clusterPlace(cluster: Cluster, name: string | undefined, terminal: Terminal): Promise<Place> {
  const { chooseTestnet: chooseInCluster, listTestnets: listInCluster } = await import(
    '../source/cluster/testnet-objects.ts'
  )
  const { clusterFeed } = await import('../watch/feed/cluster.ts')
  const limit = AbortSignal.timeout(FIRST_ANSWER_MS)
  const found =
    name === undefined
      ? await listInCluster(cluster, cluster.namespace, limit)
      : [await chooseInCluster(cluster, name, limit)]
  const [only, ...others] = found.map(({ metadata }) => `${cluster.namespace}/${metadata.name}`)
  return {
    place: `${cluster.context}/${cluster.namespace}`,
    testnet: others.length === 0 ? only : undefined,
    feed: tell => clusterFeed(cluster, terminal.env, tell),
    deeds: await clusterDeeds(cluster),
  }
}

async function clusterDeeds(cluster: Cluster): Promise<Deeds> {
  const { library } = await import('../watch/library.ts')
  const { abortInCluster, startInCluster } = await import('../watch/start-experiment.ts')
  return {
    abort: (_testnet, experiment) => abortInCluster(cluster, experiment),
    start: (testnet, file) => startInCluster(cluster, nameOf(testnet), file),
    library,
  }
}

/** Where a screen cannot be drawn, or people asked for text that a program or a screen reader can follow. */
const isPlain = ({ plain }: WatchOptions, { env, columns }: Terminal): boolean =>
  plain === true ||
  Boolean(env.NO_COLOR) ||
  env.TERM === 'dumb' ||
  !Number.isFinite(columns) ||
  process.stdin.isTTY !== true

async function abortHere(folder: string): Promise<string> {
  const running = claimed(folder)
  if (!running) return 'no experiment runs'
  const ended = await abortExperiment(folder, running, ABORT_TIMEOUT_MS)
  return ended ? `${running.experiment} is aborted; its faults are lifted` : `${running.experiment} still runs`
}
