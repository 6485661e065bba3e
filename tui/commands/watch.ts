// trellis watch [NAME]: the dashboard; plain lines where there is no terminal for it.
import type { Command } from 'commander'
import { abortExperiment, claimed } from '../../operator/local/experiment-claim.ts'
import { stateRoot, testnetFolder } from '../../operator/local/state-folder.ts'
import { chooseTestnet, listTestnets } from '../../operator/local/testnets.ts'
import { listenForInterrupts } from '../interrupts.ts'
import type { Terminal } from '../terminal.ts'
import type { Feed, OnFeed } from '../watch/feed/feed.ts'
import { keyOf } from '../watch/model/picture.ts'
import { addPlaceOptions, clusterOf, type PlaceOptions } from './place.ts'

const ABORT_TIMEOUT_MS = 30_000

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
  readonly abort: (testnet: string) => Promise<string>
}

async function watch(name: string | undefined, options: WatchOptions, terminal: Terminal): Promise<void> {
  const { feed, testnet, place, abort } = await placeOf(name, options, terminal)
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
    await showDashboard({ place, readonly, testnet, feed, paint: terminal.paint, abort, signal: interrupts.stop })
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
    const abort = (of: string): Promise<string> => abortHere(testnetFolder(root, of))
    return { place: 'this machine', testnet, feed: tell => localFeed(root, tell), abort }
  }
  const { clusterSource } = await import('../source/cluster/cluster-source.ts')
  const { clusterFeed } = await import('../watch/feed/cluster.ts')
  const source = clusterSource(cluster, { allNamespaces: false, env: terminal.env })
  const [only, ...others] = (await source.reports(name)).value
  return {
    place: `${cluster.context}/${cluster.namespace}`,
    testnet: only && others.length === 0 ? keyOf(only) : undefined,
    feed: tell => clusterFeed(source, tell),
    abort: async () => 'abort it with `kubectl patch`: set `abort: true` in its spec',
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
