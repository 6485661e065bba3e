// What a failed wait shows: the Testnets of a namespace, their pods, what was said about them, and the operator's log.
import { $ } from 'zx'
import { resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import type { StoredTestnet } from '../../operator/kubernetes/testnet/world.ts'
import { release } from './chart.ts'
import { list } from './cluster-api.ts'
import { given } from './under-test.ts'

const MAX_EVENTS = 25
const MAX_LOG_LINES = 25
/** Pods whose logs are shown. */
const MAX_LOGS = 3

export async function stateOf(namespace: string): Promise<string> {
  const parts = await Promise.all(
    [testnets(namespace), pods(namespace), events(namespace), operatorLog()].map(part =>
      part.catch(error => String(error)),
    ),
  )
  return parts.join('\n')
}

async function testnets(namespace: string): Promise<string> {
  const kind = resource<StoredTestnet>('trellis.dev/v1alpha1', 'Testnet', 'testnets')
  return (await list(kind, namespace))
    .map(({ metadata, status: { conditions = [], ...status } = {} }) => {
      const lines = conditions.map(
        ({ type, status, reason, message, observedGeneration, lastTransitionTime }) =>
          `    ${type}=${status} ${reason} (generation ${observedGeneration}, since ${lastTransitionTime}) ${message}`,
      )
      return `  Testnet ${metadata.name} generation ${metadata.generation} ${JSON.stringify(status)}\n${lines.join('\n')}`
    })
    .join('\n')
}

async function pods(namespace: string): Promise<string> {
  const found = await list(resources.pods, namespace)
  const unready = found.filter(({ status }) => !status?.containerStatuses?.every(({ ready }) => ready))
  const lines = found.map(({ metadata, spec, status }) => {
    const [container] = status?.containerStatuses ?? []
    const state = JSON.stringify(container?.state ?? {})
    const going = metadata.deletionTimestamp ? ' going' : ''
    return `  pod ${metadata.name} ${status?.phase}${going} ready=${container?.ready} restarts=${container?.restartCount} ${spec?.nodeName} ${container?.image ?? spec?.containers[0]?.image} ${state}`
  })
  const logs = await Promise.all(unready.slice(0, MAX_LOGS).map(({ metadata }) => log(namespace, metadata.name)))
  return [...lines, ...logs].join('\n')
}

async function events(namespace: string): Promise<string> {
  const kind = resource<{ metadata: { name: string } } & Record<string, never>>('v1', 'Event', 'events')
  const found = (await list(kind, namespace)) as unknown as {
    metadata: { creationTimestamp: string }
    type: string
    reason: string
    message: string
    involvedObject: { kind: string; name: string }
  }[]
  return found
    .toSorted((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp))
    .slice(-MAX_EVENTS)
    .map(
      ({ metadata, type, reason, message, involvedObject }) =>
        `  ${metadata.creationTimestamp} ${type} ${reason} ${involvedObject.kind}/${involvedObject.name}: ${message}`,
    )
    .join('\n')
}

const operatorLog = (): Promise<string> => log(release.namespace, `deployment/${release.deployment}`)

async function log(namespace: string, name: string): Promise<string> {
  const kubectl = $({ quiet: true, nothrow: true, env: { ...process.env, KUBECONFIG: given.kubeconfig } })
  const { stdout, stderr } =
    await kubectl`${given.kubectl} -n ${namespace} logs ${name} --tail=${MAX_LOG_LINES} --all-pods=false --ignore-errors`
  return `  log of ${name}:\n${(stdout || stderr).trimEnd().replaceAll(/^/gm, '    ')}`
}
