// trellis up FILE --context: applies a Testnet to a cluster, and waits until it is ready. The testnet stays when the
// command ends, however that is.
import { readTestnetFile } from '../documents.ts'
import { listenForInterrupts } from '../interrupts.ts'
import { stderrProgress } from '../progress.ts'
import { applyTestnet, waitReady } from '../source/cluster/bring-up.ts'
import { clusterSource } from '../source/cluster/cluster-source.ts'
import type { Cluster } from '../source/cluster/connect.ts'
import type { Terminal } from '../terminal.ts'
import { nodeTable } from '../views/nodes.ts'

/** Images may have to be pulled first. */
const READY_MS = 300_000

interface UpInClusterOptions {
  readonly detach?: boolean
  readonly name?: string
  readonly timeout?: number
  readonly forceConflicts?: boolean
}

export async function upInCluster(
  file: string,
  { detach = false, name: otherName, timeout, forceConflicts: force = false }: UpInClusterOptions,
  cluster: Cluster,
  terminal: Terminal,
): Promise<void> {
  const progress = stderrProgress(terminal.live)
  const interrupts = listenForInterrupts()
  const source = clusterSource(cluster, { allNamespaces: false, env: terminal.env })
  try {
    const { written } = readTestnetFile(file, otherName)
    const { name } = written.metadata
    const { testnet, applied } = await applyTestnet(cluster, written, { force }, interrupts.stop)
    progress.line(`${name} ${applied} ${cluster.place}`)
    const next = `${cluster.command(`status ${name}`)} shows how it is, ${cluster.command(`down ${name}`)} ends it`
    if (detach) return terminal.err(next)
    const ready = await waitReady(cluster, testnet, timeout ?? READY_MS, text => progress.update(text), interrupts.stop)
    const { value: rows, notes } = await source.nodes(name)
    progress.clear()
    terminal.out(nodeTable(rows, { wide: false, columns: terminal.columns, paint: terminal.paint }))
    for (const note of notes) terminal.err(note)
    const suspended = (ready.spec as { suspend?: unknown }).suspend === true
    terminal.err(`${name} ${suspended ? 'is suspended' : 'runs'}; ${next}`)
  } finally {
    progress.clear()
    interrupts.release()
    source.close()
  }
}
