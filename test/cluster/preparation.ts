// What a run needs before its first case: images on every machine, and the programs that users have.
import { $ } from 'zx'
import { goTool } from '../../tools/go-tool.ts'
import { buildImage, buildImages } from '../../tools/images.ts'
import type { Cluster } from './cluster.ts'
import { loadImages } from './cluster-components.ts'
import type { ClusterPlan } from './cluster-plan.ts'
import type { Given } from './given.ts'
import { kubeBinaries } from './kube-binary.ts'

type Tell = (line: string) => void

/** Builds the images of the sources as they are and loads them into every machine of the cluster. */
export async function imagesOn(
  plan: ClusterPlan,
  tell: Tell,
): Promise<Pick<Given, 'nodeImage' | 'nextNodeImage' | 'operatorImage' | 'agentImage'>> {
  const { node, operator, agent } = await buildImages({ tell })
  const next = await buildImage('node', { tell, tag: 'test2', labels: { 'dev.trellis.test': 'next' } })
  const archives = [node, next, operator, agent].map(({ archive }) => archive)
  await Promise.all(plan.nodes.map(({ name }) => loadImages(plan, name, archives)))
  tell(`images: node ${size(node.bytes)}, operator ${size(operator.bytes)}, agent ${size(agent.bytes)}`)
  return {
    nodeImage: node.reference,
    nextNodeImage: next.reference,
    operatorImage: operator.reference,
    agentImage: agent.reference,
  }
}

const size = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/** What is tested on a cluster that the harness made. */
export async function prepared({ plan, kubeconfig }: Cluster, tell: Tell): Promise<Partial<Given>> {
  const images = await imagesOn(plan, tell)
  return { kubeconfig, machines: plan, ...images, ...(await programs(tell)) }
}

/** kubectl and Helm: ours where Go has made them, else those of the machine. Without them the cases that need one are skipped. */
export async function programs(tell: Tell): Promise<Partial<Pick<Given, 'kubectl' | 'helm'>>> {
  const [kubernetes, helm] = await Promise.all([kubeBinaries(tell), goTool('helm', tell)])
  const kubectl = 'missing' in kubernetes ? await onPath('kubectl') : `${kubernetes.folder}/kubectl`
  const program = 'missing' in helm ? await onPath('helm') : helm.program
  return { ...(kubectl && { kubectl }), ...(program && { helm: program }) }
}

async function onPath(program: string): Promise<string | undefined> {
  const { exitCode, stdout } = await $({ quiet: true, nothrow: true })`command -v ${program}`
  return exitCode === 0 ? stdout.trim() : undefined
}
