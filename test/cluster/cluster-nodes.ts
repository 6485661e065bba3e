// The namespaces of the cluster: one network namespace with the bridge that joins the nodes, and for each node a set of
// mount, network, PID, UTS and IPC namespaces. Nothing of it is in the machine's own network namespace.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { $ } from 'zx'
import { nodeFiles } from './cluster-files.ts'
import { addresses, type ClusterNode, type ClusterPlan, controlNode } from './cluster-plan.ts'
import { childOf, commandLine, lastLogLines, remember, remembered, startDetached } from './cluster-process.ts'
import { until } from './until.ts'

const init = join(import.meta.dirname, 'node-init.sh')
const bridge = 'nodes'

/** Command prefix that runs something in the network of a process (the switch, a node), but on the machine's files. */
export const inNetworkOf = (pid: number): string[] => ['nsenter', `--target=${pid}`, '--net', '--']
/** Command prefix that runs something as a process of a node. */
export const onNode = (pid: number): string[] => [
  'nsenter',
  `--target=${pid}`,
  '--mount',
  '--net',
  '--pid',
  '--uts',
  '--ipc',
  '--',
]

export async function nodePid({ state }: Pick<ClusterPlan, 'state'>, name: string): Promise<number> {
  const pid = await remembered(state, name)
  if (pid === undefined) throw new Error(`${name} of the cluster in ${state} does not run`)
  return pid
}

/** Makes the bridge's namespace. Returns the pid that holds it. */
export async function startSwitch({ state, nodes }: ClusterPlan): Promise<number> {
  // Its name is how taking down recognises it, and the sign that it has left the machine's own namespace.
  const name = `trellis-switch:${state}`
  const hold = `exec -a ${name} sleep infinity`
  const pid = await startDetached(state, 'switch', ['unshare', '--net', '--', 'bash', '-c', hold])
  await until('the switch holds its namespace', { withinMs: 5_000, everyMs: 10 }, async () =>
    (await commandLine(pid)).startsWith(name),
  )
  const ip = inside(inNetworkOf(pid))
  await ip`ip link set lo up`
  await ip`ip link add ${bridge} type bridge`
  await ip`ip addr add ${addresses.nodes}.1/24 dev ${bridge}`
  await ip`ip link set ${bridge} up`
  for (const { podSubnet, address } of nodes) await ip`ip route add ${podSubnet} via ${address} dev ${bridge}`
  await ip`ip route add ${addresses.services} via ${nodes[0]!.address} dev ${bridge}`
  return pid
}

/** Makes a node's namespaces, joins it to the bridge and writes its files. */
export async function startNode(plan: ClusterPlan, node: ClusterNode, switchPid: number): Promise<void> {
  const { state, nodes } = plan
  for (const folder of ['tmp', 'kubelet', 'cni', 'cni-ipam', 'containerd', 'log', 'etc'])
    await mkdir(join(node.folder, folder), { recursive: true })
  for (const [name, text] of Object.entries(nodeFiles(plan, node))) {
    await mkdir(dirname(join(node.folder, name)), { recursive: true })
    await writeFile(join(node.folder, name), text)
  }
  const namespaces = ['--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--kill-child', '--mount-proc']
  const outer = await startDetached(state, `${node.name}-init`, [
    'unshare',
    ...namespaces,
    'bash',
    init,
    state,
    node.name,
  ])
  const pid = await childOf(outer)
  await remember(state, node.name, pid)
  await until(
    `the mounts of ${node.name}`,
    { withinMs: 10_000, everyMs: 10, describe: () => lastLogLines(state, `${node.name}-init`) },
    () => existsSync(join(node.folder, 'mounted')),
  )
  const link = `${bridge}-${node.index}`
  const ip = inside(inNetworkOf(switchPid))
  await ip`ip link add ${link} type veth peer name eth0 netns ${pid}`
  await ip`ip link set ${link} master ${bridge} up`
  const own = inside(onNode(pid))
  await own`ip link set lo up`
  await own`ip addr add ${node.address}/24 dev eth0`
  await own`ip link set eth0 up`
  await own`ip route add default via ${addresses.nodes}.1`
  for (const other of nodes) if (other !== node) await own`ip route add ${other.podSubnet} via ${other.address}`
  await own`sysctl -qw net.ipv4.ip_forward=1`
  // Not on every kernel; Services of pods on one node need it where it is.
  await own`sysctl -qw net.bridge.bridge-nf-call-iptables=1`.nothrow()
  await own`iptables -t nat -A POSTROUTING -s ${node.podSubnet} ! -d ${addresses.pods}.0.0/16 -j MASQUERADE`
  if (node === controlNode(plan)) await mkdir(join(state, 'etcd'), { recursive: true, mode: 0o700 })
}

/** A shell whose commands run behind a prefix. */
const inside = (prefix: readonly string[]) => $({ quiet: true, prefix: `set -euo pipefail; ${prefix.join(' ')} ` })
