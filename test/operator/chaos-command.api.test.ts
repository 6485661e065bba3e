// `trellis chaos` against a cluster: a real API server with its service proxy, a real operator with its Jobs, and runners
// that say what the test says.
import { execFile } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { type RunRecord, runRecordSchema } from '../../api/run.ts'
import type { ExperimentStatus } from '../../api/status.ts'
import { healthyRun } from '../../chaos/verdict/fixture.ts'
import { recordObject } from '../../operator/kubernetes/chaos/names.ts'
import { experiments } from '../../operator/kubernetes/chaos/stored-experiment.ts'
import { controlledBy } from '../../operator/kubernetes/runtime/owner.ts'
import { type ConfigMap, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { until } from '../cluster/until.ts'
import { type CommandLine, commandLine, type Outcome, type Started } from '../local/command-line.ts'
import { never } from '../support/api-server.ts'
import { type ClusterEgress, clusterEgress, POD_ADDRESS, serviceWithPod } from '../support/cluster-egress.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { ExperimentHandle } from '../support/simulated-runner.ts'
import { startTestOperator, type TestOperator, testConfig } from '../support/test-operator.ts'
import { TestnetHandle } from '../support/testnet-handle.ts'

const tier = inject('apiTier')
const OPERATOR_PORT = 8082
const runner = {
  image: 'operator:1',
  imagePullPolicy: 'IfNotPresent' as const,
  imagePullSecrets: [],
  role: { kind: 'ClusterRole' as const, name: 'trellis-runner' },
  resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } },
}

let egress: ClusterEgress
let cluster: SimulatedCluster
let operator: TestOperator
let cli: CommandLine
let namespace: string
let net: TestnetHandle
const closers: (() => unknown)[] = []

beforeAll(async () => {
  if (tier.missing !== undefined) return
  egress = await clusterEgress()
  closers.push(() => egress.close())
  cluster = await simulatedCluster({ apiServerArgs: egress.apiServerArgs })
  closers.push(() => cluster.down())
  namespace = await cluster.namespace()
  const system = await cluster.namespace()
  operator = await startTestOperator(
    cluster.tier.kubeconfigOf('admin'),
    testConfig(system, { runner, namespaces: [namespace] }),
  )
  closers.push(() => operator.stop())
  // The pod that stands for the operator is nobody's to start.
  cluster.kubelet.hold = ({ metadata }) => metadata.namespace === system
  const labels = { 'app.kubernetes.io/name': 'trellis-operator' }
  await serviceWithPod(
    cluster.api,
    { namespace: system, name: 'my-trellis', labels },
    { name: 'api', number: OPERATOR_PORT },
  )
  egress.routes.set(`${POD_ADDRESS}:${OPERATOR_PORT}`, operator.ports.api)
  cli = commandLine({ KUBECONFIG: cluster.tier.kubeconfig })
  closers.push(() => cli.remove())
  net = new TestnetHandle(cluster, namespace, 'net', () => operator.lines.slice(-15).join('\n'))
  await net.apply()
  await net.ready()
})
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const inCluster = (...args: string[]): Promise<Outcome> => cli.run('chaos', ...args, '-n', namespace)
const started: Started[] = []
function start(...args: string[]): Started {
  const command = cli.start(['chaos', ...args, '-n', namespace])
  started.push(command)
  return command
}
// Of a test that failed: one that waits for the heal ends at the second signal, when that is not the first one twice.
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    while (child.exitCode === null && child.kill('SIGTERM')) await Promise.race([ended, delay(700)])
  }
})
function handle(name: string): ExperimentHandle {
  const made = new ExperimentHandle(cluster, namespace, name, () => operator.lines.slice(-15).join('\n'))
  // It starts the pods of all but runners; the one that stands for the operator is nobody's to start either.
  const { hold } = cluster.kubelet
  cluster.kubelet.hold = pod => pod.metadata.namespace !== namespace || hold(pod)
  return made
}
const fileOf = (name: string, spec = 'faults: [{ name: cut, duration: 10s, partition: { shape: halves } }]') =>
  cli.file(
    `${name}.yaml`,
    `apiVersion: trellis.dev/v1alpha1
kind: ChaosExperiment
metadata: { name: ${name} }
spec:
  testnet: net
  ${spec}
`,
  )
const says = (started: Started, pattern: RegExp) =>
  until(`the command says ${pattern}`, { withinMs: 30_000, describe: () => JSON.stringify(started.output()) }, () =>
    pattern.test(started.output().stderr),
  )
const stamp = () => new Date().toISOString()

const inForce = (): ExperimentStatus => ({
  phase: 'Injecting',
  reason: 'FaultsInForce',
  message: 'waiting for the end of the last fault',
  startedAt: stamp(),
  faults: [{ name: 'cut', targets: 3, injected: 3, recovered: 0 }],
})
const passed = {
  phase: 'Passed',
  reason: 'Healed',
  message: 'one head',
  healTime: '6.7s',
  deepestReorg: 3,
  fidelity: 'kernel',
  verdict: ['passed: one head: after 6.7 s'],
} as const satisfies ExperimentStatus

/** The last words of a runner, with its record when there is one. */
async function end(cut: ExperimentHandle, status: ExperimentStatus, record?: RunRecord): Promise<void> {
  const name = recordObject(cut.name)
  if (record) {
    const { apiVersion, kind } = experiments
    const packed = gzipSync(JSON.stringify(record)).toString('base64')
    const map = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, ownerReferences: [controlledBy({ ...(await cut.stored())!, apiVersion, kind })] },
      binaryData: { 'run.json.gz': packed },
    } satisfies ConfigMap
    await cluster.writer.apply(resources.configMaps, map, never)
  }
  await cut.say({ startedAt: stamp(), endedAt: stamp(), ...status, ...(record && { record: name }) })
  const pod = (await cut.pods()).at(-1)!
  // One that is aborted goes with its Job.
  if (status.phase === 'Aborted') await cut.leave(pod)
  else await cut.exit(pod, 0)
}

const recordOf = (experiment: string, change: Partial<RunRecord> = {}): RunRecord => {
  const run = healthyRun()
  return {
    ...run,
    experiment: { ...run.experiment, name: experiment },
    testnet: { ...run.testnet, name: 'net' },
    ...change,
  }
}

describe.skipIf(tier.missing !== undefined)('chaos in a cluster', () => {
  test('runs an experiment, shows both sides, and judges its record again', async () => {
    const cut = handle('cut')
    const reports = ['--report', 'cut.html', '--junit', 'cut.xml', '--record', 'run.json', '-o', 'json']
    const run = start('run', fileOf('cut'), ...reports)
    await says(run, /cut created in namespace/)
    await cut.placedRunner()
    await cut.say(inForce())
    await says(run, /fault cut, \d+ s left \| side 1: \w+ at \d+ \(.*\) \| side 2: /)
    await end(cut, passed, recordOf('cut'))
    const { code, stdout, stderr } = await run.ended
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(JSON.parse(stdout)).toMatchObject({ experiment: 'cut', testnet: 'net', result: 'passed' })
    const written = (name: string) => readFileSync(join(cli.home, '../files', name), 'utf8')
    expect(written('cut.html')).toContain('<!doctype html>')
    expect(written('cut.xml')).toContain('<testsuite name="net/cut"')
    expect(runRecordSchema.parse(JSON.parse(written('run.json')))).toEqual(runRecordSchema.parse(recordOf('cut')))
    expect((await cli.run('chaos', 'judge', 'run.json')).code).toBe(0)

    const again = await inCluster('run', fileOf('cut'))
    expect(again).toMatchObject({ code: 3, stderr: expect.stringMatching(/over already: Passed; .*--replace/) })
    const before = (await cut.stored())!.metadata.uid
    const replaced = await inCluster('run', fileOf('cut'), '--replace', '--detach')
    expect(replaced).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/created(.|\n)*chaos abort cut/),
    })
    expect((await cut.stored())!.metadata.uid).not.toBe(before)
    await cut.placedRunner()
    await cut.say(inForce())
    const abort = start('abort', 'cut')
    await cut.until('its runner is told to end', async () => (await cut.job())?.metadata.deletionTimestamp)
    await end(cut, { phase: 'Aborted', reason: 'Aborted', message: 'aborted' })
    expect(await abort.ended).toMatchObject({ code: 0, stdout: 'cut is aborted; its faults are lifted\n' })
  })

  test('the worse of two verdicts counts, and a run without a record is told by its status', async () => {
    const torn = handle('torn')
    const run = start('run', fileOf('torn'))
    await torn.runner()
    // As a runner of another version would judge.
    await end(torn, passed, recordOf('torn', { steady: false }))
    const disagreeing = await run.ended
    expect(disagreeing).toMatchObject({ code: 2, stdout: expect.stringContaining('○ Inconclusive: torn on net') })
    expect(disagreeing.stderr).toContain('the status says Passed, and the record judged here inconclusive')

    const bare = handle('bare')
    const second = start('run', fileOf('bare'), '--junit', 'bare.xml', '--report', 'bare.html')
    await bare.runner()
    await end(bare, { ...passed, phase: 'Failed', reason: 'ExpectationsNotMet', message: 'two heads' })
    const told = await second.ended
    expect(told).toMatchObject({ code: 1, stdout: expect.stringContaining('Failed: bare on net: ExpectationsNotMet') })
    expect(told.stderr).toContain('no recorded run: the runner kept none; --report wrote nothing')
    expect(readFileSync(join(cli.home, '../files/bare.xml'), 'utf8')).toContain('failures="1"')
  })

  test('Ctrl-C aborts, waits for the heal and judges what was recorded', async () => {
    const cut = handle('stopped')
    const run = start('run', fileOf('stopped'))
    await cut.placedRunner()
    await cut.say(inForce())
    await says(run, /fault cut/)
    run.child.kill('SIGTERM')
    await cut.until('its runner is told to end', async () => (await cut.job())?.metadata.deletionTimestamp)
    expect((await cut.stored())?.spec).toMatchObject({ abort: true })
    expect(run.child.exitCode).toBeNull()
    const record = recordOf('stopped', { aborted: 'the runner was told to stop' })
    await end(cut, { phase: 'Aborted', reason: 'Aborted', message: 'aborted' }, record)
    const { code, stdout, stderr } = await run.ended
    expect({ code, stdout, stderr }).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('aborted: the runner was'),
    })
    expect(stderr).not.toContain('the worse of the two')
  })

  test('says what is wrong before anything is made, and where', async () => {
    expect(
      await inCluster(
        'run',
        fileOf('odd', 'faults: [{ name: a, duration: 5s, select: { groups: [minors] }, pause: {} }]'),
      ),
    ).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/odd\.yaml:6.*minors.*\n?.*miners/),
    })
    expect(await handle('odd').stored()).toBeUndefined()
    const elsewhere = cli.file(
      'elsewhere.yaml',
      readFileSync(join(cli.home, '../files/odd.yaml'), 'utf8')
        .replace('testnet: net', 'testnet: nett')
        .replace('minors', 'miners'),
    )
    expect(await inCluster('run', elsewhere)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/there is no testnet nett .*did you mean net\?/),
    })
    const nightly = fileOf(
      'nightly',
      "schedule: { cron: '30 3 * * *' }\n  faults: [{ name: a, duration: 5s, pause: {} }]",
    )
    expect(await inCluster('run', nightly)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/no end.*--detach/),
    })
    expect(await inCluster('abort', 'nobody')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/there is no experiment nobody/),
    })
    expect(await cli.run('chaos', 'run', 'odd.yaml', '--replace')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('--replace is about a cluster'),
    })
  })

  test('lists what runs and what is over, and refuses a second one at a time', async () => {
    const first = handle('first')
    expect(await inCluster('run', fileOf('first'), '-d')).toMatchObject({ code: 0 })
    await first.placedRunner()
    // Under way with another spec: nothing of that can change.
    const longer = fileOf('first', 'faults: [{ name: cut, duration: 20s, partition: { shape: halves } }]')
    expect(await inCluster('run', longer)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^✗ spec: .*only abort may be set/m),
    })
    const second = await inCluster('run', fileOf('second'))
    expect(second).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/Busy: first has testnet net(.|\n)*--replace/),
    })
    const queued = start('run', fileOf('third', 'whenBusy: queue\n  faults: [{ name: a, duration: 5s, pause: {} }]'))
    await says(queued, /Pending: first has testnet net/)
    queued.child.kill('SIGTERM')
    expect(await queued.ended).toMatchObject({
      code: 130,
      stderr: expect.stringContaining('third was aborted before it began'),
    })

    await first.say(inForce())
    const { stdout } = await inCluster('list')
    const [header, top, ...others] = stdout.trimEnd().split('\n')
    expect(header).toMatch(/^NAME +TESTNET +PHASE +REASON +HEAL +REORG +AGE$/)
    expect(top).toMatch(/^first +net +Injecting +FaultsInForce +- +- +\d+s$/)
    expect(others).toEqual(
      expect.arrayContaining([expect.stringMatching(/^torn +net +Passed +Healed +6.7s +3 +\d+s$/)]),
    )
    const rows = JSON.parse((await inCluster('list', '-o', 'json')).stdout) as { name: string }[]
    expect(rows.map(({ name }) => name)).toEqual([top, ...others].map(line => line!.split(' ')[0]))

    const folder = join(cli.home, '../files')
    symlinkSync(resolve(import.meta.dirname, '../../bin/kubectl-trellis'), join(folder, 'kubectl-trellis'))
    const { binaries, kubeconfig } = cluster.tier
    const env = { ...process.env, KUBECONFIG: kubeconfig, PATH: `${folder}${delimiter}${process.env.PATH}` }
    const plugin = await promisify(execFile)(join(binaries, 'kubectl'), ['trellis', 'chaos', 'list', '-A'], { env })
    expect(plugin.stdout).toMatch(new RegExp(`^NAMESPACE .*\n${namespace} +first `))

    const abort = start('abort')
    await first.until('its runner is told to end', async () => (await first.job())?.metadata.deletionTimestamp)
    await end(first, { phase: 'Aborted', reason: 'Aborted', message: 'aborted' })
    expect(await abort.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('first is aborted') })
    expect(await inCluster('abort', 'first')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('over already: Aborted'),
    })
    const none = await cli.run('chaos', 'list')
    expect(none).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining('no experiment runs on this machine'),
    })
  })
})
