// trellis dump [NAME]: one archive of all there is to know about a testnet, without its secrets.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { stateRoot } from '../../operator/local/state-folder.ts'
import { chooseTestnet } from '../../operator/local/testnets.ts'
import { Archive } from '../dump/archive.ts'
import { dumpLocal } from '../dump/local.ts'
import { UsageError } from '../exit-codes.ts'
import { listenForInterrupts } from '../interrupts.ts'
import { stderrProgress } from '../progress.ts'
import type { Cluster } from '../source/cluster/connect.ts'
import type { Terminal } from '../terminal.ts'
import { addPlaceOptions, clusterOf, type PlaceOptions } from './place.ts'
import { version } from './version.ts'

interface DumpOptions extends PlaceOptions {
  readonly output?: string
}

export function addDump(program: Command, terminal: Terminal): void {
  addPlaceOptions(
    program
      .command('dump [name]')
      .summary('one archive for a report: specs, status, events, logs, metrics')
      .description(
        'Writes one .tar.gz with the specs, status, events, logs and metrics of a testnet, dead nodes included. Keys, seeds, tokens and Secrets are emptied. What could not be got, and what was cut, stands in its README.txt.',
      ),
  )
    .option('-o, --output <file>', 'the archive; NAME-dump-TIME.tar.gz when not given')
    .action((name: string | undefined, options: DumpOptions) => dump(name, options, terminal))
}

async function dump(name: string | undefined, options: DumpOptions, terminal: Terminal): Promise<void> {
  const cluster = await clusterOf(options, terminal)
  const progress = stderrProgress(terminal.live)
  const interrupts = listenForInterrupts()
  const at = new Date()
  let archive: Archive | undefined
  try {
    const found = await find(name, cluster, terminal, interrupts.stop)
    const top = `${found.name}-dump-${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
    const file = resolve(options.output ?? `${top}.tar.gz`)
    if (existsSync(file)) throw new UsageError(`${file} is there already`, 'name another file with -o, or remove it')
    archive = new Archive(top)
    await found.fill(archive, text => progress.update(text))
    interrupts.stop.throwIfAborted()
    const facts = {
      testnet: found.name,
      place: found.place,
      at: at.toISOString(),
      trellis: version(),
      node: process.versions.node,
      system: `${process.platform}-${process.arch}`,
    }
    const { bytes, files } = await archive.finish(file, facts)
    progress.clear()
    terminal.out(file)
    terminal.err(`${files} files, ${Math.ceil(bytes / 1_024)} KiB packed; keys, seeds and tokens are emptied`)
    for (const [what, list] of [
      ['could not be got', archive.missing],
      ['was cut', archive.cut],
    ] as const)
      if (list.length > 0)
        terminal.err(`${list.length} ${what}, such as ${list[0]!.what}: ${list[0]!.why}; its README.txt lists all`)
  } finally {
    progress.clear()
    archive?.close()
    interrupts.release()
    cluster?.close()
  }
}

interface Found {
  readonly name: string
  readonly place: string
  readonly fill: (archive: Archive, onProgress: (text: string) => void) => Promise<void>
}

async function find(
  name: string | undefined,
  cluster: Cluster | undefined,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Found> {
  if (!cluster) {
    const testnet = chooseTestnet(stateRoot(terminal.env), name)
    return {
      name: testnet.name,
      place: 'this machine',
      fill: (archive, onProgress) => dumpLocal(testnet, archive, onProgress),
    }
  }
  const { chooseTestnet: chooseStored } = await import('../source/cluster/testnet-objects.ts')
  const { dumpCluster } = await import('../dump/cluster.ts')
  const testnet = await chooseStored(cluster, name, signal)
  return {
    name: testnet.metadata.name,
    place: `namespace ${cluster.namespace} of context ${cluster.context}`,
    fill: (archive, onProgress) => dumpCluster(cluster, testnet, archive, terminal.env, onProgress, signal),
  }
}
