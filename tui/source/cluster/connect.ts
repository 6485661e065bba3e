// A cluster as the kubeconfig describes it: kubectl's rules for which file, which context and which namespace.
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import { Api } from '../../../operator/kubernetes/runtime/api.ts'
import { Transport } from '../../../operator/kubernetes/runtime/transport.ts'
import { nearestOf } from '../../../operator/local/testnets.ts'
import { UsageError } from '../../exit-codes.ts'
import { PROGRAM } from '../../terminal.ts'

const USER_AGENT = 'trellis-cli'
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

export interface ClusterChoice {
  /** Of the kubeconfig; its current one when absent. */
  readonly context?: string | undefined
  /** The context's, or `default`, when absent. */
  readonly namespace?: string | undefined
  /** A file; KUBECONFIG, or ~/.kube/config, when absent. */
  readonly kubeconfig?: string | undefined
}

export interface Cluster {
  readonly context: string
  readonly namespace: string
  /** Objects. */
  readonly api: Api
  /** Anything else: logs, the operator's read API. */
  readonly transport: Transport
  /** `in namespace default of context kind` */
  readonly place: string
  /** A command about this very cluster, for messages: `status small` -> `` `trellis status small --context kind` ``. */
  command(words: string): string
  close(): void
}

/** `program`: how people call us. @throws UsageError */
export function connect(choice: ClusterChoice, program: string, env: NodeJS.ProcessEnv): Cluster {
  const { config, inPod } = load(choice, env)
  if (choice.context !== undefined) selectContext(config, choice.context)
  const context = config.getCurrentContext()
  const found = config.getContextObject(context)
  if (!found)
    throw new UsageError(
      context ? `the kubeconfig's current context ${context} does not exist` : 'the kubeconfig has no current context',
      `name one with --context: ${contextNames(config)}`,
    )
  const namespace = choice.namespace ?? found.namespace ?? (inPod ? ownNamespace() : undefined) ?? 'default'
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace))
    throw new UsageError(
      `-n ${JSON.stringify(namespace)} is no name for a namespace`,
      'use at most 63 lowercase letters, digits and dashes',
    )
  let api: Api
  let transport: Transport
  try {
    api = new Api(config, { userAgent: USER_AGENT })
    transport = new Transport(config, USER_AGENT)
  } catch (error) {
    throw new UsageError((error as Error).message, 'mend the kubeconfig')
  }
  return {
    context,
    namespace,
    api,
    transport,
    place: `in namespace ${namespace} of context ${context}`,
    command: words => `\`${[program, words, ...flagsOf(choice, program)].join(' ')}\``,
    close: () => {
      api.close()
      transport.close()
    },
  }
}

function flagsOf({ context, namespace, kubeconfig }: ClusterChoice, program: string): string[] {
  const flags = [
    ...(context === undefined ? [] : ['--context', context]),
    ...(namespace === undefined ? [] : ['-n', namespace]),
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
  ]
  return flags.length === 0 && program === PROGRAM ? ['--context'] : flags
}

function load({ kubeconfig }: ClusterChoice, env: NodeJS.ProcessEnv): { config: KubeConfig; inPod: boolean } {
  const config = new KubeConfig()
  const named = kubeconfig !== undefined ? [kubeconfig] : (env.KUBECONFIG?.split(delimiter).filter(Boolean) ?? [])
  const usual = join(env.HOME ?? homedir(), '.kube', 'config')
  // As kubectl: a file that KUBECONFIG names may be missing, the one of --kubeconfig may not.
  const files = (named.length > 0 ? named : [usual]).filter(file => kubeconfig !== undefined || existsSync(file))
  if (files.length === 0 && existsSync(join(SERVICE_ACCOUNT, 'token'))) {
    config.loadFromCluster()
    return { config, inPod: true }
  }
  if (files.length === 0)
    throw new UsageError(
      `there is no kubeconfig: ${named.length > 0 ? `KUBECONFIG names ${named.join(', ')}` : `${usual} does not exist`}`,
      'name one with --kubeconfig FILE',
    )
  for (const [index, file] of files.entries()) {
    try {
      const next = index === 0 ? config : new KubeConfig()
      next.loadFromFile(file)
      if (index > 0) config.mergeConfig(next, true)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') throw new UsageError(`${file} does not exist`, 'check the path after --kubeconfig')
      throw new UsageError(`${file} is no kubeconfig: ${message}`, 'name another one with --kubeconfig FILE')
    }
  }
  return { config, inPod: false }
}

function selectContext(config: KubeConfig, name: string): void {
  const names = config.getContexts().map(context => context.name)
  if (names.includes(name)) {
    config.setCurrentContext(name)
    return
  }
  const nearest = nearestOf(name, names)
  const mend = nearest ? `did you mean ${nearest}?` : `there are: ${contextNames(config)}`
  throw new UsageError(
    `the kubeconfig has no context ${name}`,
    `${mend} The name of a testnet goes before --context, or after --`,
  )
}

const contextNames = (config: KubeConfig): string =>
  config
    .getContexts()
    .slice(0, 12)
    .map(({ name }) => name)
    .join(', ') || 'none'

function ownNamespace(): string | undefined {
  try {
    return readFileSync(join(SERVICE_ACCOUNT, 'namespace'), 'utf8').trim()
  } catch {
    return undefined
  }
}
