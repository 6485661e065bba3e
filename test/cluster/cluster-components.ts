// What runs on every node of the cluster: containerd, kubelet, kube-proxy. And a node that is lost, and comes back.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'
import { kubeletArguments, kubeProxyArguments } from './cluster-arguments.ts'
import { nodePid, onNode, startNode } from './cluster-nodes.ts'
import { type ClusterNode, type ClusterPlan, controlNode } from './cluster-plan.ts'
import { lastLogLines, remembered, startDetached } from './cluster-process.ts'
import { until } from './until.ts'

/** Starts a program as a process of the node; its log and pid are known as `<node>-<name>`. */
export async function startOnNode(
  plan: ClusterPlan,
  node: ClusterNode,
  name: string,
  command: readonly string[],
): Promise<void> {
  await startDetached(plan.state, `${node.name}-${name}`, [...onNode(await nodePid(plan, node.name)), ...command])
}

/** Resolves when it answers. */
export async function startContainerd(plan: ClusterPlan, node: ClusterNode): Promise<void> {
  const config = join(node.folder, 'etc/containerd.toml')
  await startOnNode(plan, node, 'containerd', ['/usr/bin/containerd', '--config', config, '--log-level', 'warn'])
  const prefix = onNode(await nodePid(plan, node.name))
  await until(
    `containerd of ${node.name}`,
    { withinMs: 30_000, describe: () => lastLogLines(plan.state, `${node.name}-containerd`) },
    async () => (await $({ quiet: true, nothrow: true })`${prefix} ctr version`).exitCode === 0,
  )
}

export async function startKubelet(plan: ClusterPlan, node: ClusterNode): Promise<void> {
  const program = (name: string) => join(plan.binaries, name)
  await startOnNode(plan, node, 'kubelet', [program('kubelet'), ...kubeletArguments(plan, node)])
  await startOnNode(plan, node, 'kube-proxy', [program('kube-proxy'), ...kubeProxyArguments(node)])
}

/** Loads OCI archives into a node's containerd. A pod made before its image is there would sit out a back-off of 10 s or more. */
export async function loadImages(
  plan: Pick<ClusterPlan, 'state'>,
  node: string,
  archives: readonly string[],
): Promise<void> {
  const prefix = onNode(await nodePid(plan, node))
  // One after the other: imports side by side lock each other out. By standard input, because the node has a /tmp of its own.
  for (const archive of archives) await $({ quiet: true })`${prefix} ctr -n k8s.io images import - < ${archive}`
}

/** Gives an image that a node holds one more name. */
export async function tagImage(
  plan: Pick<ClusterPlan, 'state'>,
  node: string,
  from: string,
  to: string,
): Promise<void> {
  const prefix = onNode(await nodePid(plan, node))
  await $({ quiet: true })`${prefix} ctr -n k8s.io images tag --force ${from} ${to}`
}

/** Pulls the plug: the kernel ends all processes of the node, its pods included, and drops its links. Its disk stays. */
export async function killNode(plan: ClusterPlan, name: string): Promise<void> {
  if (name === controlNode(plan).name) throw new Error(`${name} holds the control plane`)
  const pid = await nodePid(plan, name)
  process.kill(pid, 'SIGKILL')
  await until(`${name} is gone`, { withinMs: 20_000 }, async () => (await remembered(plan.state, name)) === undefined)
}

/** Boots a node that was killed; it joins again by itself. */
export async function bootNode(plan: ClusterPlan, name: string): Promise<void> {
  const node = plan.nodes.find(one => one.name === name)
  const switchPid = await remembered(plan.state, 'switch')
  if (!node || switchPid === undefined) throw new Error(`there is no ${name}, or the cluster does not run`)
  await rm(join(node.folder, 'mounted'), { force: true })
  await startNode(plan, node, switchPid)
  await startContainerd(plan, node)
  await startKubelet(plan, node)
}
