// trellis watch [NAME]: the dashboard; plain lines where there is no terminal for it.
import type { Command } from 'commander'
import { abortExperiment, claimed } from '../../operator/local/experiment-claim.ts'
import { stateRoot, testnetFolder } from '../../operator/local/state-folder.ts'
import { chooseTestnet, listTestnets } from '../../operator/local/testnets.ts'
import { UsageError } from '../exit-codes.ts'
import { listenForInterrupts } from '../interrupts.ts'
import type { Terminal } from '../terminal.ts'
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

async function watch(name: string | undefined, options: WatchOptions, terminal: Terminal): Promise<void> {
  const cluster = await clusterOf(options, terminal)
  if (cluster) {
    cluster.close()
    throw new UsageError('watch knows only this machine yet', 'leave out --context')
  }
  const root = stateRoot(terminal.env)
  // Named: it must be there. With one, that one; else the list of all.
  const testnet =
    name !== undefined
      ? chooseTestnet(root, name).name
      : listTestnets(root).filter(({ standing }) => standing === 'running').length === 1
        ? chooseTestnet(root, undefined).name
        : undefined
  const { localFeed } = await import('../watch/feed/local.ts')
  const interrupts = listenForInterrupts()
  try {
    if (isPlain(options, terminal)) {
      const { followLines } = await import('../watch/plain-lines.ts')
      const feed = localFeed.bind(undefined, root)
      return await followLines({ testnet, feed, terminal, signal: interrupts.stop })
    }
    // Ink's React has a development build, which is slow and remembers every frame.
    process.env.NODE_ENV ??= 'production'
    const { showDashboard } = await import('../watch/dashboard.ts')
    await showDashboard({
      place: 'this machine',
      readonly: options.readonly === true,
      testnet,
      feed: tell => localFeed(root, tell),
      paint: terminal.paint,
      abort: of => abort(testnetFolder(root, of)),
      signal: interrupts.stop,
    })
  } finally {
    interrupts.release()
  }
}

/** Where a screen cannot be drawn, or people asked for text that a program or a screen reader can follow. */
const isPlain = ({ plain }: WatchOptions, { env, columns }: Terminal): boolean =>
  plain === true ||
  Boolean(env.NO_COLOR) ||
  env.TERM === 'dumb' ||
  !Number.isFinite(columns) ||
  process.stdin.isTTY !== true

async function abort(folder: string): Promise<string> {
  const running = claimed(folder)
  if (!running) return 'no experiment runs'
  const ended = await abortExperiment(folder, running, ABORT_TIMEOUT_MS)
  return ended ? `${running.experiment} is aborted; its faults are lifted` : `${running.experiment} still runs`
}
