// A real Kubernetes on this machine: etcd, kube-apiserver, controller-manager, scheduler, and for each node a kubelet,
// containerd and kube-proxy, CoreDNS beside them. Needs root. `up` and `down` may be called again and again.
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx'
import { installPrograms } from '../../tools/debian-programs.ts'
import { writeImage } from '../../tools/image-archive.ts'
import { controlArguments } from './cluster-arguments.ts'
import { makeCgroups, removeCgroups } from './cluster-cgroups.ts'
import { loadImages, startContainerd, startKubelet, startOnNode } from './cluster-components.ts'
import { dnsObjects, pauseImage } from './cluster-files.ts'
import { makeKeys, writeKubeconfig } from './cluster-keys.ts'
import { inNetworkOf, nodePid, onNode, startNode, startSwitch } from './cluster-nodes.ts'
import { type ClusterPlan, controlNode, defaultState, keyFolder, planCluster } from './cluster-plan.ts'
import { killAll, lastLogLines, startDetached } from './cluster-process.ts'
import { clusterPrograms } from './cluster-programs.ts'
import { kubeBinaries } from './kube-binary.ts'
import { until } from './until.ts'

const READY_MS = 120_000
const relay = join(import.meta.dirname, 'relay.ts')

export interface ClusterOptions {
  readonly state?: string
  readonly nodes?: number
  /** OCI archives that every node holds. */
  readonly images?: readonly string[]
  readonly tell?: (line: string) => void
}

export interface Cluster {
  readonly plan: ClusterPlan
  /** File of a kubeconfig for an administrator, through the machine's loopback. */
  readonly kubeconfig: string
}

/** Brings a cluster up and waits until its nodes are Ready, names resolve and images are there. Takes down what an earlier one left under the same state folder. */
export async function up({
  state = defaultState(),
  nodes = 1,
  images = [],
  tell = () => {},
}: ClusterOptions = {}): Promise<Cluster> {
  if (process.getuid?.() !== 0) throw new Error('a cluster on this machine needs root')
  await installPrograms(clusterPrograms, tell)
  const found = await kubeBinaries(tell)
  if ('missing' in found) throw new Error(found.missing)
  const plan = planCluster(state, found.folder, nodes)
  await down(state)
  await mkdir(join(state, 'volumes'), { recursive: true, mode: 0o755 })
  try {
    return await start(plan, images, tell)
  } catch (error) {
    const logs = await mkdtemp(join(tmpdir(), 'trellis-cluster-logs-'))
    await $({ quiet: true })`cp -a ${join(state, 'log')}/. ${logs}`.nothrow()
    await down(state)
    throw new Error(`the cluster did not come up; its logs are in ${logs}`, { cause: error })
  }
}

/** Ends the cluster of a state folder, if there is one, and leaves nothing of it. */
export async function down(state: string = defaultState()): Promise<void> {
  if (!existsSync(state)) return
  await killAll(state)
  await removeCgroups(planCluster(state, '', 1))
  for (const folder of ['/var/lib/kubelet', '/var/lib/cni'])
    if (!(await mountedAnywhere(folder))) await rmdir(folder).catch(() => {})
  await rm(state, { recursive: true, force: true })
}

/**
 * Does any process see a mount there? Removing the empty folder, a mount point that the nodes made, would take the mount
 * away from another cluster's nodes: the kernel detaches mounts of other namespaces with it.
 */
async function mountedAnywhere(folder: string): Promise<boolean> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    if ((await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '')).includes(` ${folder} `)) return true
  }
  return false
}

async function start(plan: ClusterPlan, images: readonly string[], tell: (line: string) => void): Promise<Cluster> {
  const begun = performance.now()
  const step = (name: string) => tell(`${((performance.now() - begun) / 1000).toFixed(1)} s ${name}`)
  const { state, binaries } = plan
  const control = controlNode(plan)
  await Promise.all([makeKeys(plan), makeCgroups(plan)])
  step('keys')
  const switchPid = await startSwitch(plan)
  await Promise.all(plan.nodes.map(node => startNode(plan, node, switchPid)))
  step('namespaces')

  const controlPlane = controlArguments(plan)
  const controlComponent = (name: keyof typeof controlPlane) =>
    startOnNode(plan, control, name, [join(binaries, name), ...controlPlane[name]])
  await controlComponent('etcd')
  await controlComponent('kube-apiserver')
  const kubeconfig = await startRelays(plan, switchPid)
  const kubectl = $({
    env: { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(state, 'kubectl') },
    quiet: true,
  })
  const kube = join(binaries, 'kubectl')
  const wait = { withinMs: READY_MS, describe: () => lastLogLines(state, `${control.name}-kube-apiserver`) }

  const archives = [await pauseArchive(plan), ...images]
  const imported = Promise.all(
    plan.nodes.map(async node => {
      await startContainerd(plan, node)
      await loadImages(plan, node.name, archives)
    }),
  )
  await until(
    'kube-apiserver is ready',
    wait,
    async () => (await kubectl`${kube} get --raw=/readyz`.nothrow()).stdout === 'ok',
  )
  step('kube-apiserver')
  // Earlier they would run into "forbidden" while the built-in roles are made, and back off for seconds.
  for (const name of ['kube-controller-manager', 'kube-scheduler', 'coredns'] as const) await controlComponent(name)
  await imported
  step('images')
  for (const node of plan.nodes) await startKubelet(plan, node)
  const objects = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: dnsObjects(control) })
  await kubectl({ input: objects })`${kube} apply -f -`
  for (const { name } of plan.nodes) {
    const ready = '{.status.conditions[?(@.type=="Ready")].status}'
    const describe = () => lastLogLines(state, `${name}-kubelet`)
    await until(
      `${name} is Ready`,
      { ...wait, describe },
      async () => (await kubectl`${kube} get node ${name} -o ${`jsonpath=${ready}`}`.nothrow()).stdout === 'True',
    )
  }
  step('nodes Ready')
  await until(
    'the default service account',
    wait,
    async () => (await kubectl`${kube} get sa default`.nothrow()).exitCode === 0,
  )
  const dns = onNode(await nodePid(plan, control.name))
  await until(
    'CoreDNS is ready',
    { ...wait, describe: () => lastLogLines(state, `${control.name}-coredns`) },
    async () =>
      (await $({ quiet: true, nothrow: true })`${dns} curl -sf -o /dev/null http://127.0.0.1:8181/ready`).exitCode ===
      0,
  )
  step('names resolve')
  return { plan, kubeconfig }
}

/** Carries the API server's port to the machine's loopback. Returns the kubeconfig that uses it. */
async function startRelays(plan: ClusterPlan, switchPid: number): Promise<string> {
  const { state } = plan
  const socket = join(state, 'api.sock')
  const port = await freePort()
  const node = process.execPath
  await startDetached(state, 'relay-inner', [
    ...inNetworkOf(switchPid),
    node,
    relay,
    socket,
    `${controlNode(plan).address}:6443`,
  ])
  await startDetached(state, 'relay-outer', [node, relay, `127.0.0.1:${port}`, socket])
  const kubeconfig = join(state, 'kubeconfig')
  await writeKubeconfig(plan, 'admin', `https://127.0.0.1:${port}`, kubeconfig)
  await copyFile(join(keyFolder(plan), 'ca.crt'), join(state, 'ca.crt'))
  return kubeconfig
}

async function pauseArchive({ state, binaries }: ClusterPlan): Promise<string> {
  const folder = join(state, 'pause')
  await mkdir(join(folder, 'root'), { recursive: true })
  await copyFile(join(binaries, 'pause'), join(folder, 'root', 'pause'))
  const file = join(folder, 'pause.tar')
  await writeImage({ reference: pauseImage, folder: join(folder, 'root'), entrypoint: ['/pause'] }, file)
  return file
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
