// The chart on the cluster, as somebody installs it: with Helm. One release for all cases; a case that takes it away is
// followed by one that finds none and installs it again.
import { join } from 'node:path'
import { $ } from 'zx'
import { type Pod, resource, resources, type StatefulSet } from '../../operator/kubernetes/runtime/resource.ts'
import { exclusively } from '../../tools/exclusively.ts'
import { get, list, remove } from './cluster-api.ts'
import { crash } from './pod-processes.ts'
import { given } from './under-test.ts'
import { until } from './until.ts'

export const release = {
  name: 'trellis',
  namespace: 'trellis-system',
  /** Also of its Service, its service account and its lease. */
  deployment: 'trellis-operator',
} as const

const MAX_INSTALL_MS = 180_000
const chart = join(import.meta.dirname, '../../charts/trellis')
const deployments = resource<StatefulSet>('apps/v1', 'Deployment', 'deployments')

const helm = () => $({ quiet: true, env: { ...process.env, KUBECONFIG: given.kubeconfig } })
/** Where our images are; everything else is as people get it. */
export const values = (): Record<string, unknown> => {
  const image = (reference: string) => {
    const colon = reference.lastIndexOf(':')
    return { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) }
  }
  return {
    // What is not on the machine can come from nowhere: the kubelet says so at once.
    image: { ...image(given.operatorImage), pullPolicy: 'IfNotPresent' },
    nodes: { image: { ...image(given.nodeImage), pullPolicy: 'IfNotPresent' } },
    agent: { image: { ...image(given.agentImage), pullPolicy: 'IfNotPresent' } },
    // Prometheus finds pods by them (cases/scrape.test.ts).
    scrapeAnnotations: true,
  }
}

export const isInstalled = async (): Promise<boolean> =>
  (await get(deployments, { namespace: release.namespace, name: release.deployment })) !== undefined

/** Installs the chart where it is not installed, and waits until the operator is ready. */
export async function installed({ again = false } = {}): Promise<void> {
  // Helm refuses a second one at the same time.
  await exclusively(`${given.kubeconfig}.installing`, MAX_INSTALL_MS, async () => {
    if (!again && (await isInstalled())) return await operatorReady()
    await helm()({
      input: JSON.stringify(values()),
    })`${given.helm} upgrade --install ${release.name} ${chart} -n ${release.namespace} --create-namespace -f - --wait --timeout 120s`
  })
}

export async function uninstalled(): Promise<void> {
  await helm()`${given.helm} uninstall ${release.name} -n ${release.namespace} --wait --timeout 120s`
}

/** `helm test`: its output. @throws Error with it when the test fails */
export async function helmTest(): Promise<string> {
  return (await helm()`${given.helm} test ${release.name} -n ${release.namespace} --timeout 120s --logs`).text()
}

export async function operatorPod(): Promise<Pod> {
  const pods = await list(resources.pods, release.namespace, 'app.kubernetes.io/name=trellis-operator')
  const running = pods.filter(({ metadata, status }) => !metadata.deletionTimestamp && status?.phase === 'Running')
  if (running.length === 0) throw new Error(`no operator runs in ${release.namespace}`)
  return running[0]!
}

/**
 * Kills the operator's process without a word, and takes its pod away: killed again and again in one pod it would sit out
 * the kubelet's back-off. Resolves when the old one is gone.
 */
export async function crashOperator(): Promise<void> {
  await operatorReady()
  const { metadata } = await operatorPod()
  await crash(given.machines!, { name: metadata.name, uid: metadata.uid! })
  await remove(resources.pods, metadata, { gracePeriodSeconds: 0 })
}

export async function operatorReady(): Promise<void> {
  await until(
    'the operator is ready',
    { withinMs: 60_000, everyMs: 200 },
    async () =>
      (await get(deployments, { namespace: release.namespace, name: release.deployment }))?.status?.readyReplicas,
  )
}
