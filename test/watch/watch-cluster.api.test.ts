// `trellis watch` of a cluster, in a real terminal: a real API server with its service proxy, a real operator, simulated
// kubelets, and a runner that says what the test says.
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { experiments } from '../../operator/kubernetes/chaos/stored-experiment.ts'
import { temporaryRoot } from '../local/testnet-folder.ts'
import { type ClusterEgress, clusterEgress, POD_ADDRESS, serviceWithPod } from '../support/cluster-egress.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { ExperimentHandle } from '../support/simulated-runner.ts'
import { startTestOperator, type TestOperator, testConfig } from '../support/test-operator.ts'
import { TestnetHandle } from '../support/testnet-handle.ts'
import { TmuxScreen, tmuxMissing } from './tmux.ts'

const tier = inject('apiTier')
const missing = tier.missing ?? tmuxMissing()
if (missing) console.log(`skipped, the dashboard of a cluster: ${missing}`)
const program = resolve(import.meta.dirname, '../../tui/main.ts')
const OPERATOR_PORT = 8082
const runner = {
  image: 'operator:1',
  imagePullPolicy: 'IfNotPresent' as const,
  imagePullSecrets: [],
  role: { kind: 'ClusterRole' as const, name: 'trellis-runner' },
  resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } },
}

const files = temporaryRoot()
let egress: ClusterEgress
let cluster: SimulatedCluster
let operator: TestOperator
let startOperator: () => Promise<void>
let namespace: string
let net: TestnetHandle
const closers: (() => unknown)[] = [files.remove]

beforeAll(async () => {
  if (missing) return
  egress = await clusterEgress()
  closers.push(() => egress.close())
  cluster = await simulatedCluster({ apiServerArgs: egress.apiServerArgs })
  closers.push(() => cluster.down())
  const { kubelet, tier } = cluster
  namespace = await cluster.namespace()
  const system = await cluster.namespace()
  // The pod that stands for the operator is nobody's to start, and runners are the test's.
  kubelet.hold = ({ metadata }) => metadata.namespace === system
  const labels = { 'app.kubernetes.io/name': 'trellis-operator' }
  await serviceWithPod(
    cluster.api,
    { namespace: system, name: 'my-trellis', labels },
    { name: 'api', number: OPERATOR_PORT },
  )
  startOperator = async () => {
    operator = await startTestOperator(
      tier.kubeconfigOf('admin'),
      testConfig(system, { runner, namespaces: [namespace] }),
    )
    egress.routes.set(`${POD_ADDRESS}:${OPERATOR_PORT}`, operator.ports.api)
  }
  await startOperator()
  closers.push(() => operator.stop())
  const peer = { id: 'p', name: 'miners-1', address: '/ip4/192.0.2.9/tcp/1', direction: 'outbound', score: 1.5 }
  kubelet.answers.set('/v1/peers', { peers: [{ ...peer, latencyMs: 12, connectedAt: Date.now(), head: null }] })
  const producer = 'ab'.repeat(32)
  const block = { kind: 'block', producer, delayMs: 31, transactions: 4, from: 'self' }
  const events = [
    { ...block, hash: 'c'.repeat(64), parent: 'd'.repeat(64), height: 2 },
    { kind: 'reorg', depth: 3, from: {}, to: { hash: 'c'.repeat(64), height: 2 } },
  ]
  const lines = events.map(event => `event: ${event.kind}\ndata: ${JSON.stringify({ at: Date.now(), ...event })}\n\n`)
  kubelet.answers.set('/v1/events', lines.join(''))
  net = new TestnetHandle(cluster, namespace, 'net', () => operator.lines.slice(-15).join('\n'))
  await net.apply()
  await net.ready()
})
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function watch(...words: string[]): Promise<TmuxScreen> {
  const env = { KUBECONFIG: cluster.tier.kubeconfig, TERM: 'xterm-256color', NO_COLOR: '' }
  const command = `${process.execPath} ${program} watch ${words.join(' ')}; echo ended with $?`
  const screen = await TmuxScreen.start(command, env, { columns: 110, rows: 32 })
  closers.push(() => screen.close())
  return screen
}

describe.skipIf(missing !== undefined)('the dashboard of a cluster', () => {
  test('nodes, a partition, an experiment started and aborted, and the operator lost and back', async () => {
    const screen = await watch('net', '-n', namespace)
    await screen.shows(/ › net +● live[\s\S]*3\/3 ready[\s\S]*── one chain[\s\S]*❯ boot-0 +● ready +\d+/)
    await screen.shows(/reorg of 3 blocks/)
    await screen.keys('Enter')
    await screen.shows(/› boot-0[\s\S]*last reorgs[\s\S]*── peers 1[\s\S]*miners-1 +→ out +1\.5 +12 ms/)
    await screen.keys('Escape')

    const { height } = cluster.kubelet.chain(namespace, 'net')
    cluster.kubelet.forks.set(`${namespace}/net-miners-1`, { name: 'fork', since: height })
    await screen.shows(/2 chains: a partition[\s\S]* A █+ +2 on main[\s\S]* B ▓+ +1 on fork[\s\S]*miners-1/)
    cluster.kubelet.forks.clear()
    await screen.shows(/── one chain/)

    const file = join(files.root, 'cut.yaml')
    writeFileSync(
      file,
      `apiVersion: trellis.dev/v1alpha1
kind: ChaosExperiment
metadata: { name: cut }
spec:
  testnet: another
  faults: [{ name: split, duration: 60s, partition: { shape: halves } }]
`,
    )
    const cut = new ExperimentHandle(cluster, namespace, 'cut', () => operator.lines.slice(-15).join('\n'))
    const { hold } = cluster.kubelet
    cluster.kubelet.hold = pod => pod.metadata.namespace !== namespace || hold(pod)
    await screen.type(`:run ${file}`)
    await screen.shows(/run \S+cut\.yaml on net\? .*: y/)
    await screen.keys('y')
    await screen.shows(/── experiments 1[\s\S]*cut +○ Pending/)
    const pod = await cut.placedRunner()
    const stamp = new Date().toISOString()
    await cut.say({
      phase: 'Injecting',
      reason: 'FaultsInForce',
      message: 'waiting for the end of the last fault',
      startedAt: stamp,
      faults: [{ name: 'split', targets: 3, injected: 3, recovered: 0 }],
    })
    await screen.shows(
      /▲ Injecting[\s\S]*▲ split active, \d+ s left, cuts 2 from 1[\s\S]*── timeline[\s\S]*split ends, in/,
    )
    await screen.keys('C-d')
    await screen.shows(/abort cut\?.*: y/)
    await screen.keys('y')
    await cut.until('its runner is told to end', async () => (await cut.job())?.metadata.deletionTimestamp)
    expect((await cluster.get(experiments, namespace, 'cut'))?.spec).toMatchObject({ testnet: 'net', abort: true })
    const verdict = ['aborted: by you']
    await cut.say({
      phase: 'Aborted',
      reason: 'Aborted',
      message: 'aborted',
      startedAt: stamp,
      endedAt: stamp,
      verdict,
    })
    await cut.leave(pod)
    await screen.shows(/○ Aborted[\s\S]*── findings[\s\S]*aborted: by you/)
    await screen.keys('b')
    await screen.shows(/── blocks/)

    await screen.keys('Escape', 'Escape')
    await screen.shows(/❯ boot-0/)
    await operator.stop()
    const lost = await screen.shows(/▲ \d+s old[\s\S]*❯ boot-0[\s\S]*▲ the operator .*trying again/)
    expect(lost).toContain('3/3 ready')
    expect((await screen.coloured()).split('\n')[1]).toContain('\u001b[2m')
    await startOperator()
    await screen.shows(/› net +● live/)
    await screen.keys('q')
    await screen.shows(/ended with 0/)
  }, 150_000)

  test('the list of all, as it changes, and --readonly', async () => {
    const screen = await watch('-n', namespace, '--readonly')
    await screen.shows(/❯ boot-0/)
    await screen.keys('r', 'C-d')
    await screen.keys('Escape')
    const other = new TestnetHandle(cluster, namespace, 'other')
    await other.apply()
    await screen.shows(/── testnets 2[\s\S]*net +● running +3\/3[\s\S]*other/)
    await other.remove()
    await screen.shows(/── testnets 1/)
    await screen.keys('q')
  }, 150_000)
})
