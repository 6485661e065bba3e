// The command against a cluster: a real API server with its service proxy, a real operator, simulated kubelets.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { resource, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { testnets } from '../../operator/kubernetes/testnet/stored-testnet.ts'
import { connect } from '../../tui/source/cluster/connect.ts'
import { followLines } from '../../tui/source/cluster/text.ts'
import { until } from '../cluster/until.ts'
import { type CommandLine, commandLine, type Outcome, type Started, testnetYaml } from '../local/command-line.ts'
import { never } from '../support/api-server.ts'
import {
  type ClusterEgress,
  clusterEgress,
  MACHINE_ADDRESS,
  POD_ADDRESS,
  serviceWithPod,
} from '../support/cluster-egress.ts'
import { type SimulatedCluster, simulatedCluster } from '../support/simulated-cluster.ts'
import { SimulatedKubeletLogs } from '../support/simulated-kubelet-logs.ts'
import { startTestOperator, type TestOperator, testConfig } from '../support/test-operator.ts'

const tier = inject('apiTier')
const OPERATOR_PORT = 8082
const KUBELET_PORT = 10250
const SYSTEM = 'trellis-system'

let egress: ClusterEgress
let cluster: SimulatedCluster
let operator: TestOperator
let logs: SimulatedKubeletLogs
let cli: CommandLine
let namespace: string
const closers: (() => unknown)[] = []

beforeAll(async () => {
  if (tier.missing !== undefined) return
  egress = await clusterEgress()
  closers.push(() => egress.close())
  cluster = await simulatedCluster({
    apiServerArgs: egress.apiServerArgs,
    users: [{ name: 'viewer' }, { name: 'nobody' }],
  })
  closers.push(() => cluster.down())
  const { api, writer, kubelet, tier: server } = cluster
  // The pod that stands for the operator is nobody's to start.
  kubelet.hold = ({ metadata }) => metadata.namespace === SYSTEM
  namespace = await cluster.namespace()
  const Namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  await writer.create(resources.namespaces, Namespace(SYSTEM), never)
  const config = testConfig(SYSTEM, { namespaces: [] })
  operator = await startTestOperator(server.kubeconfigOf('admin'), config)
  closers.push(() => operator.stop())
  const labels = { 'app.kubernetes.io/name': 'trellis-operator' }
  const metadata = { name: 'my-trellis', namespace: SYSTEM, labels }
  const data = { 'config.json': JSON.stringify(config) }
  await writer.create(resources.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, never)
  await serviceWithPod(api, { namespace: SYSTEM, name: 'my-trellis', labels }, { name: 'api', number: OPERATOR_PORT })
  egress.routes.set(`${POD_ADDRESS}:${OPERATOR_PORT}`, operator.ports.api)

  logs = await SimulatedKubeletLogs.start()
  closers.push(() => logs.close())
  egress.routes.set(`${MACHINE_ADDRESS}:${KUBELET_PORT}`, logs.port)
  for (const machine of ['sim-0', 'sim-1'])
    await cluster.patch(
      { ...resources.nodes, plural: 'nodes' },
      { name: `${machine}/status` },
      {
        status: {
          addresses: [{ type: 'InternalIP', address: MACHINE_ADDRESS }],
          daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_PORT } },
        },
      },
    )
  cli = commandLine({ KUBECONFIG: server.kubeconfig })
  closers.push(() => cli.remove())
})
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const inCluster = (...args: string[]): Promise<Outcome> => cli.run(...args, '-n', namespace)
/** A file of a bootstrap node and some miners. */
const small = (name: string, { miners = 2, field = '' } = {}) =>
  cli.file(
    `${name}-${miners}.yaml`,
    `apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: ${name} }
spec:
  ${field}
  chain: { blockInterval: 200ms }
  groups:
    - { name: boot, role: bootstrap }
    - { name: miners, role: miner, count: ${miners} }
`,
  )
const header = (text: string): string[] => text.split('\n')[0]!.split(/\s{2,}/)
const stored = (name: string) => cluster.get(testnets, namespace, name)

describe.skipIf(tier.missing !== undefined)('the command in a cluster', () => {
  test('brings a testnet up, shows it as it shows one of this machine, and takes it down', async () => {
    const up = await inCluster('up', small('net'))
    expect(up, operator.lines.join('\n')).toMatchObject({ code: 0 })
    expect(up.stderr).toContain(`net created in namespace ${namespace} of context tier`)
    expect(up.stdout).toMatch(/^NAME .*\nboot-0 .*● ready.*\nminers-0 .*\nminers-1 /)
    expect(up.stderr).toContain(`\`trellis down net -n ${namespace}\` ends it`)

    await cli.run('up', cli.file('local.yaml', testnetYaml('local', { good: 2 })), '--detach')
    for (const command of ['status', 'nodes']) {
      for (const flags of [[], ['-o', 'wide']]) {
        const there = await inCluster(command, 'net', ...flags)
        const here = await cli.run(command, 'local', ...flags)
        expect(there).toMatchObject({ code: 0, stderr: '' })
        expect(header(there.stdout)).toEqual(header(here.stdout))
      }
      const there = JSON.parse((await inCluster(command, 'net', '-o', 'json')).stdout)
      const here = JSON.parse((await cli.run(command, 'local', '-o', 'json')).stdout)
      expect(shapeOf(there)).toEqual(shapeOf(here))
    }
    await cli.run('down', 'local')

    const status = await inCluster('status')
    expect(status.stdout).toMatch(/net +running +3\/3 +1 +\d+/)
    for (const condition of ['Provisioned', 'Connected', 'Converged', 'Finalizing', 'Ready'])
      expect(status.stdout).toMatch(new RegExp(`● ${condition} +\\S`))
    const everywhere = await cli.run('status', '-A', '--context', 'tier')
    expect(header(everywhere.stdout)[0]).toBe('NAMESPACE')

    expect(await inCluster('up', small('net'), '--detach')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/net unchanged/),
    })
    const down = await inCluster('down', 'net')
    expect(down).toMatchObject({ code: 0, stdout: 'net is down\n' })
    expect(await stored('net')).toBeUndefined()
    expect(await cluster.list(resources.pods, namespace)).toEqual([])
  })

  test('is kubectl trellis', async () => {
    const folder = join(cli.home, '../files')
    symlinkSync(resolve(import.meta.dirname, '../../bin/kubectl-trellis'), join(folder, 'kubectl-trellis'))
    const { binaries, kubeconfig } = cluster.tier
    const env = { ...process.env, KUBECONFIG: kubeconfig, PATH: `${folder}${delimiter}${process.env.PATH}` }
    const child = spawn(join(binaries, 'kubectl'), ['trellis', 'status', '-A', '-o', 'json'], { env })
    const { code, stdout, stderr } = await outcome(child)
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('no testnet runs in the cluster') })
    expect(JSON.parse(stdout)).toEqual([])
    const demo = spawn(join(binaries, 'kubectl'), ['trellis', 'demo'], { env })
    expect(await outcome(demo)).toMatchObject({ code: 3, stderr: expect.stringContaining('use `trellis demo`') })
  })

  test('plans what would change, and writes nothing', async () => {
    const first = await inCluster('plan', small('planned'))
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/Testnet\/planned +create/) })
    expect(first.stdout).toMatch(/StatefulSet\/planned-miners +create/)
    expect(first.stdout).toContain(`planned-boot-0.planned--nodes.${namespace}.svc`)
    expect(await stored('planned')).toBeUndefined()

    await inCluster('up', small('planned'))
    const before = (await stored('planned'))!
    const change = await inCluster('plan', small('planned', { miners: 3 }), '-o', 'json')
    expect(change.stderr).toContain('miners-2 came after the genesis')
    const { objects } = JSON.parse(change.stdout) as {
      objects: { kind: string; name: string; action: string; changes: string[] }[]
    }
    const of = (name: string) => objects.find(({ kind, name: its }) => `${kind}/${its}` === name)
    expect(of('Testnet/planned')).toMatchObject({ action: 'change', changes: ['spec.groups[1].count: 2 -> 3'] })
    expect(of('StatefulSet/planned-miners')?.changes).toContain('spec.replicas: 2 -> 3')
    expect(of('StatefulSet/planned-boot')).toMatchObject({ action: 'keep' })
    expect(JSON.stringify(objects)).not.toMatch(/"validator":|"adminToken":"(?!\(hidden\))/)
    expect((await stored('planned'))?.metadata.generation).toBe(before.metadata.generation)

    const grown = await inCluster('up', small('planned', { miners: 3 }))
    expect(grown).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/planned changed/),
      stdout: expect.stringMatching(/\nminers-2 .*ready/),
    })
    await inCluster('down', 'planned')
  })

  test('says what the API server refuses, and where', async () => {
    await inCluster('up', small('strict'), '--detach')
    expect(await inCluster('up', small('strict', { field: 'seed: other' }))).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^✗ spec.seed: .*cannot change/),
    })
    // A field that somebody else set is theirs.
    await cluster.patch(testnets, { namespace, name: 'strict' }, { spec: { ttl: '5h' } })
    const ttl = small('strict', { field: 'ttl: 3h' })
    expect(await inCluster('up', ttl, '-d')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/spec.ttl: is owned by "tests".*\n.*--force-conflicts/),
    })
    expect(await inCluster('up', ttl, '-d', '--force-conflicts')).toMatchObject({ code: 0 })
    await inCluster('down', 'strict')

    expect(await cli.run('up', small('x'), '-n', 'nowhere')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/there is no namespace nowhere .*kubectl create namespace nowhere/),
    })
    expect(await inCluster('status', 'strickt')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/no testnet strickt/),
    })
    expect(await inCluster('down', 'strict', '--keep-data')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/suspend: true/),
    })
  })

  test('leaves the testnet when it is interrupted or the time is over, and says so', async () => {
    const { hold } = cluster.kubelet
    cluster.kubelet.hold = pod => hold(pod) || pod.metadata.name === 'slow-miners-1'
    const up = cli.start(['up', small('slow'), '-n', namespace])
    await until('progress is told', { withinMs: 30_000, describe: () => JSON.stringify(up.output()) }, () =>
      up.output().stderr.includes('2/3 nodes ready'),
    )
    up.child.kill('SIGTERM')
    expect(await up.ended).toMatchObject({
      code: 130,
      stderr: expect.stringContaining(`goes on without this command; \`trellis down slow -n ${namespace}\` ends it`),
    })
    expect(await inCluster('up', small('slow'), '--timeout', '1')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/slow is not ready after 1 s: 2\/3 nodes ready; \w+: /),
    })
    expect(await stored('slow')).toBeDefined()
    const nodes = JSON.parse((await inCluster('nodes', 'slow', '-o', 'json')).stdout)
    expect(nodes).toMatchObject([{ state: 'ready' }, { state: 'ready' }, { name: 'miners-1', state: 'pending' }])
    cluster.kubelet.hold = hold
    expect((await inCluster('down', 'slow')).code).toBe(0)
  })

  test('gives the lines of nodes, and goes on through restarts', async () => {
    await inCluster('up', small('net'))
    for (const pod of ['net-boot-0', 'net-miners-0', 'net-miners-1']) logs.say(pod, `hello of ${pod}`)
    logs.say('net-miners-0', 'second')
    expect((await inCluster('logs', 'net', '--tail', '1')).stdout).toBe(
      'boot-0 hello of net-boot-0\nminers-0 second\nminers-1 hello of net-miners-1\n',
    )
    // With one testnet its name may be left out.
    expect((await inCluster('logs', 'miners-0')).stdout).toBe('hello of net-miners-0\nsecond\n')
    expect(await inCluster('logs', 'net', 'miners-00')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/did you mean miners-0/),
    })

    const follow = cli.start(['logs', 'net', '-f', '--tail', '1', '-n', namespace])
    const says = (line: string) =>
      until(line, { withinMs: 20_000, describe: () => JSON.stringify(follow.output()) }, () =>
        follow.output().stdout.includes(`${line}\n`),
      )
    await says('miners-0 second')
    logs.say('net-miners-0', 'third')
    await says('miners-0 third')
    logs.restart('net-miners-0')
    await until('nobody follows', { withinMs: 5_000 }, () => logs.following('net-miners-0') === 0)
    logs.say('net-miners-0', 'after the restart')
    await says('miners-0 after the restart')
    // Each once, also those of the same second as the last one before.
    expect(follow.output().stdout.match(/^miners-0 /gm)).toHaveLength(3)
    expect(await ended(follow)).toMatchObject({ code: 0 })
  })

  test('packs a testnet without its secrets, and says what could not be got', async () => {
    const values = (await cluster.list(resources.secrets, namespace)).flatMap(({ data = {} }) => Object.values(data))
    const secrets = values.flatMap(
      value =>
        Buffer.from(value, 'base64')
          .toString()
          .match(/[\w-]{32,}/g) ?? [],
    )
    expect(secrets.length).toBeGreaterThan(4)
    for (const secret of secrets) logs.say('net-miners-0', `it is 0x${secret}, authorization: Bearer ${secret}`)
    const dump = await inCluster('dump', 'net', '-o', 'net.tar.gz')
    expect(dump).toMatchObject({ code: 0, stdout: expect.stringMatching(/net\.tar\.gz\n$/) })
    const files = join(cli.home, '../files')
    mkdirSync(join(files, 'unpacked'))
    execFileSync('tar', ['-xzf', join(files, 'net.tar.gz'), '-C', join(files, 'unpacked'), '--strip-components=1'])
    const read = (name: string) => readFileSync(join(files, 'unpacked', name), 'utf8')
    expect(read('testnet.yaml')).toContain('kind: Testnet')
    expect(read('objects/secrets.yaml')).toContain('(emptied)')
    expect(read('objects/statefulsets.yaml')).toContain('name: net-miners')
    expect(read('nodes/miners-0/node.log')).toContain('it is 0x(emptied), authorization: Bearer (emptied)')
    expect(JSON.parse(read('nodes.json'))).toHaveLength(3)
    expect(read('events.yaml')).toContain('regarding:')
    // The pods of this cluster are simulated: nobody listens there.
    expect(read('README.txt')).toMatch(/nodes\/miners-0: what the node tells: \S/)
    for (const value of values) expect(read('objects/secrets.yaml')).not.toContain(value)
  })

  test('lists names, and goes on with --watch', async () => {
    expect((await inCluster('nodes', 'net', '-o', 'name')).stdout).toBe('boot-0\nminers-0\nminers-1\n')
    expect((await inCluster('status', '-A', '-o', 'name')).stdout).toBe(`${namespace}/net\n`)
    const watch = cli.start(['nodes', 'net', '-w', '-n', namespace])
    const lines = () => watch.output().stdout.split('\n').length
    await until(
      'something changed',
      { withinMs: 20_000, describe: () => JSON.stringify(watch.output()) },
      () => lines() > 6,
    )
    expect(await ended(watch)).toMatchObject({ code: 0, stderr: '' })
    const none = cli.start(['chaos', 'list', '-w', '-n', namespace])
    await until('there is none', { withinMs: 20_000 }, () => none.output().stderr.includes('no experiment is there'))
    expect(await ended(none)).toMatchObject({ code: 0, stdout: '' })
  })

  test('checks a cluster: all is there', async () => {
    const { code, stdout, stderr } = await inCluster('check', '-o', 'json')
    const rows = JSON.parse(stdout) as { name: string; state: string; found: string }[]
    expect(rows.filter(({ state }) => state !== 'ok')).toEqual([])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const name of ['server', 'definition of testnets', 'definition of chaosexperiments', 'operator'])
      expect(rows.map(row => row.name)).toContain(name)
    const namespaces = { apiVersion: 'v1', kind: 'Namespace' }
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await cluster.writer.create(resources.namespaces, { ...namespaces, metadata: { name: 'strict', labels } }, never)
    const strict = await cli.run('check', '-n', 'strict')
    expect(strict).toMatchObject({ code: 0, stdout: expect.stringMatching(/namespace strict +▲ without/) })
    expect(strict.stdout).toMatch(/need the label pod-security\.kubernetes\.io\/enforce=privileged/)
  })

  test('events come through the service proxy as they happen', async () => {
    const { metadata } = (await stored('net'))!
    const connected = connect({ kubeconfig: cluster.tier.kubeconfig, namespace }, 'trellis', {})
    const stop = new AbortController()
    const events: { readonly event: string; readonly at: number }[] = []
    const comments: string[] = []
    const path = `/api/v1/namespaces/${SYSTEM}/services/my-trellis:api/proxy/v1/namespaces/${namespace}/testnets/net/events`
    const stream = followLines(connected, { path, signal: stop.signal }, line => {
      if (line.startsWith('event: ')) events.push({ event: line.slice(7), at: performance.now() })
      if (line.startsWith(':')) comments.push(line)
    }).catch(() => {})
    const seen = () => JSON.stringify(events)
    await until('the whole picture', { withinMs: 5_000, describe: seen }, () => events.length >= 2)
    expect(events.slice(0, 2).map(({ event }) => event)).toEqual(['testnet', 'nodes'])
    // Blocks come all the time, and each poll round tells of them.
    await until('heights that change', { withinMs: 5_000, describe: seen }, () => events.length >= 6)
    await cluster.patch(testnets, metadata, { spec: { suspend: true } })
    await until('the change of the testnet', { withinMs: 20_000, describe: seen }, () =>
      events.slice(2).some(({ event }) => event === 'testnet'),
    )
    stop.abort()
    await stream
    connected.close()
    expect(await inCluster('up', small('net'), '--force-conflicts')).toMatchObject({ code: 0 })
    await cluster.patch(testnets, metadata, { spec: { suspend: false } })
    expect(await inCluster('up', small('net'))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/miners-1 .*ready/),
    })
  })

  test('with fewer rights and without an operator it says what it could not ask', async () => {
    const may = (rules: object[]) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      metadata: { name: 'viewer' },
      rules,
    })
    const roles = resource('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', { namespaced: false })
    const bindings = resource('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', {
      namespaced: false,
    })
    const look = { verbs: ['get', 'list'] }
    await cluster.writer.apply(
      roles,
      {
        kind: 'ClusterRole',
        ...may([
          { ...look, apiGroups: ['trellis.dev'], resources: ['testnets'] },
          { ...look, apiGroups: [''], resources: ['pods'] },
        ]),
      },
      never,
    )
    await cluster.writer.apply(
      bindings,
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'viewer' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'viewer' },
        subjects: [{ kind: 'User', name: 'viewer' }],
      } as never,
      never,
    )
    const as = (user: string) => ['--kubeconfig', cli.file(`${user}.yaml`, cluster.tier.kubeconfigOf(user))]
    const nodes = await inCluster('nodes', 'net', ...as('viewer'))
    expect(nodes).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/boot-0 .*● ready/),
      stderr: expect.stringMatching(/operator may not be asked by you.*this is what the pods alone tell/),
    })
    const check = await inCluster('check', ...as('viewer'))
    expect(check.code).toBe(1)
    expect(check.stdout).toMatch(/may get, list testnets\.trellis\.dev +● ok/)
    expect(check.stdout).toMatch(/✗ may patch, create, delete testnets\.trellis\.dev: you may not .*; ask whoever runs/)
    const packed = await inCluster('dump', 'net', '-o', 'viewer.tar.gz', ...as('viewer'))
    expect(packed).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/could not be got, such as objects\/secrets/),
    })
    const refused = await inCluster('status', ...as('nobody'))
    expect(refused).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/cannot list resource "testnets".*ask whoever runs the cluster/),
    })
    expect(await inCluster('status', ...as('unknown'))).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/does not accept the credentials/),
    })

    await operator.stop()
    for (const [name, text] of [
      ['status', /net +running(.|\n)*● Ready/],
      ['nodes', /miners-1 .*● ready/],
    ] as const) {
      const told = await inCluster(name, 'net')
      expect(told).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(text),
        stderr: expect.stringMatching(/^the operator cannot be asked: /),
      })
    }
    expect((await inCluster('down', 'net')).code).toBe(0)
  })

  test('in a cluster without our definitions it says how to install them', async () => {
    const definitions = resource('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', {
      namespaced: false,
    })
    const name = 'testnets.trellis.dev'
    await cluster.writer.delete(definitions, { name }, {}, never)
    await until('it is gone', { withinMs: 20_000 }, async () => !(await cluster.get(definitions, '', name)))
    expect(await inCluster('check')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/✗ definition of testnets: is not there; .*helm install trellis/),
    })
    for (const args of [['status'], ['nodes', 'x'], ['up', small('net')], ['plan', small('net')], ['down', 'net']])
      expect(await inCluster(...args)).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/does not know Testnets.*helm install trellis/),
      })
  })
})

/** Names of fields, of the first item where there are several. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return 'value'
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      // Its fields are topics.
      .map(([field, inner]) => [field, field === 'meshes' ? 'by topic' : shapeOf(inner)]),
  )
}

async function ended(started: Started): Promise<Outcome> {
  started.child.kill('SIGTERM')
  return await started.ended
}

async function outcome(child: ChildProcess): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', chunk => {
    stdout += chunk
  })
  child.stderr?.on('data', chunk => {
    stderr += chunk
  })
  const code = await new Promise<number | null>(done => child.once('close', done))
  return { code, stdout, stderr }
}
