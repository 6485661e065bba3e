// Which place a command is about: this machine, or a cluster that flags (or being called as `kubectl trellis`) name.
import type { Command } from 'commander'
import { stateRoot } from '../../operator/local/state-folder.ts'
import { UsageError } from '../exit-codes.ts'
import type { Cluster } from '../source/cluster/connect.ts'
import { localSource } from '../source/local.ts'
import type { TestnetSource } from '../source/source.ts'
import { PLUGIN, type Terminal } from '../terminal.ts'

export interface PlaceOptions {
  /** True without a name: the current one. */
  readonly context?: string | true
  readonly namespace?: string
  readonly kubeconfig?: string
}

/** Adds the flags that name a cluster. */
export const addPlaceOptions = (command: Command): Command =>
  command
    .option('--context [name]', 'in the cluster of this context of the kubeconfig, or of its current one')
    .option('-n, --namespace <name>', 'in this namespace of the cluster')
    .option('--kubeconfig <file>', 'instead of KUBECONFIG or ~/.kube/config')

/** The cluster that the flags mean; undefined for this machine. @throws UsageError */
export async function clusterOf(options: PlaceOptions, terminal: Terminal): Promise<Cluster | undefined> {
  const { context, namespace, kubeconfig } = options
  const named = context !== undefined || namespace !== undefined || kubeconfig !== undefined
  if (!named && terminal.program !== PLUGIN) return undefined
  // Loaded only here: what is for clusters alone would double the start of every other command.
  const { connect } = await import('../source/cluster/connect.ts')
  return connect(
    { context: context === true ? undefined : context, namespace, kubeconfig },
    terminal.program,
    terminal.env,
  )
}

/** Calls `use` with the source that the flags mean, and closes it. */
export async function withSource<T>(
  options: PlaceOptions & { readonly allNamespaces?: boolean },
  terminal: Terminal,
  use: (source: TestnetSource) => Promise<T>,
): Promise<T> {
  const cluster = await clusterOf(options, terminal)
  let source: TestnetSource
  if (cluster) {
    const { clusterSource } = await import('../source/cluster/cluster-source.ts')
    source = clusterSource(cluster, { allNamespaces: options.allNamespaces === true, env: terminal.env })
  } else {
    if (options.allNamespaces)
      throw new UsageError('--all-namespaces is about a cluster', 'add --context, or leave it out')
    source = localSource(stateRoot(terminal.env))
  }
  try {
    return await use(source)
  } finally {
    source.close()
  }
}
