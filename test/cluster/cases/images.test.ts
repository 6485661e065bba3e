// The images by themselves, before anything runs in a cluster: what is in them, and that it starts.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { nodeEnvironment, nodeFlags } from '../../../operator/local/program.ts'
import { buildImage, buildImages, type ImageName, imageNames } from '../../../tools/images.ts'
import { Network, type TestNode, untilAgreed } from '../../support/network.ts'
import { type ImageContents, processInside, runImage, unpackImage } from '../image-root.ts'
import { until } from '../until.ts'

const root = process.getuid?.() === 0 && process.platform === 'linux'
if (!root) console.error('tests of the images are skipped: they are built and unpacked as root, on Linux')

interface Held {
  /** Files beside Node, its libraries and the program. */
  readonly files: readonly string[]
  readonly libraries: number
  readonly user: string
}
const plain: Held = { files: [], libraries: 11, user: '65532:65532' }
/** The agent needs the tools that write rules, and the kernel takes those from root only. */
const agent: Held = {
  files: [
    // Left by the builder, which runs the tools once.
    ...['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'],
    ...['ip', 'nft', 'tc'].map(tool => `/usr/sbin/${tool}`),
  ],
  libraries: 25,
  user: '0:0',
}
const held: Readonly<Record<ImageName, Held>> = { node: plain, operator: plain, agent }

/** A pull of it over 100 Mbit/s takes five seconds; who makes it larger should know. */
const MAX_COMPRESSED_BYTES = 60 * 2 ** 20

describe.skipIf(!root)('the image', () => {
  let folder: string
  const contents = {} as Record<ImageName, ImageContents>
  const bytes = {} as Record<ImageName, number>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trellis-images-'))
    const built = await buildImages({ tell: line => console.error(line) })
    for (const name of imageNames) {
      contents[name] = await unpackImage(built[name].archive, join(folder, name))
      bytes[name] = built[name].bytes
    }
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  describe.each(imageNames)('of the %s', name => {
    test('holds Node, the libraries it loads and the program: no shell, no package manager', () => {
      // Tables of distributions that tc reads are no programs.
      const programs = contents[name].files.filter(file => !file.startsWith('/app/') && !file.endsWith('.dist'))
      const libraries = programs.filter(file => /\.so(\.\d+)*$/.test(file))
      expect(programs.filter(file => !libraries.includes(file)).toSorted()).toEqual(
        ['/etc/group', '/etc/nsswitch.conf', '/etc/passwd', '/usr/local/bin/node', ...held[name].files].toSorted(),
      )
      expect(libraries.length).toBeLessThanOrEqual(held[name].libraries)
      expect(contents[name].files.filter(file => file.endsWith('.node')).length).toBe(name === 'node' ? 1 : 0)
      expect(bytes[name]).toBeLessThan(MAX_COMPRESSED_BYTES)
    })

    test('runs as a numbered user, and says what it is', () => {
      const { config } = contents[name]
      expect(config.User).toBe(held[name].user)
      expect(config.Labels).toMatchObject({
        'org.opencontainers.image.title': `trellis-${name}`,
        'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
        'org.opencontainers.image.licenses': 'Apache-2.0',
      })
    })
  })

  test('of the node is the same bytes when it is built again', async () => {
    const again = await buildImage('node', { tag: `again-${process.pid}` })
    onTestFinished(() => rm(again.archive, { force: true }))
    const { digests } = await unpackImage(again.archive, join(folder, 'again'))
    expect(digests).toEqual(contents.node.digests)
  })

  test('of the node has the flags of node processes anywhere', () => {
    const flags = { NODE_OPTIONS: nodeFlags.join(' '), ...nodeEnvironment({}) }
    expect(contents.node.config.Env).toEqual(
      expect.arrayContaining(Object.entries(flags).map(([name, value]) => `${name}=${value}`)),
    )
  })

  test('of both share the layer of Node', () => {
    expect(contents.node.digests[1]).toBe(contents.operator.digests[1])
  })

  test('of the node runs a chain from four files of configuration, its root read-only, and stops when told', async () => {
    const testnet = `
apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: images }
spec:
  chain: { blockInterval: 200ms }
  groups:
    - { name: boot, role: bootstrap }
    - { name: miner, role: miner, count: 2 }`
    const network = await Network.create(testnet, {
      layered: true,
      configure: config => ({ ...config, dataDir: '/data' }),
    })
    onTestFinished(() => network.stop())
    for (const node of network.nodes) node.process = await started(node, network.directory)
    for (const { name } of network.nodes) await network.ready(name)
    await untilAgreed(network, 3, 30_000)
    for (const { name, process: program } of network.nodes) {
      const pid = await processInside(program!)
      const [status, mounts] = await Promise.all(
        ['status', 'mountinfo'].map(file => readFile(`/proc/${pid}/${file}`, 'utf8')),
      )
      expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m)
      expect(status).toMatch(/^NSpid:\t\d+\t1$/m)
      expect(status).toMatch(/^CapEff:\t0+$/m)
      expect(mounts).toMatch(/^\d+ \d+ \S+ \S+ \/ ro,/m)
      process.kill(pid!, 'SIGTERM')
      expect(await network.ended(name, 10_000)).toEqual({ code: 0, log: expect.stringContaining('"stopped"') })
    }
  })

  test('of the operator says what it lacks', async () => {
    const log = join(folder, 'operator.log')
    const program = await runImage(contents.operator, { args: [], mounts: [], log })
    const [code] = await once(program, 'exit')
    expect([code, await readFile(log, 'utf8')]).toEqual([3, expect.stringContaining('--config FILE')])
  })

  /** As a pod has it: every file below one folder, the data below another. */
  async function started(node: TestNode, directory: string): Promise<ChildProcess> {
    const configuration = join(directory, node.name, 'configuration')
    await mkdir(configuration)
    const args: string[] = []
    for (const file of node.files) {
      await copyFile(file, join(configuration, basename(file)))
      args.push('--config', `/etc/trellis/${basename(file)}`)
    }
    const mounts = [
      { from: configuration, to: '/etc/trellis' },
      { from: node.dataDir, to: '/data', writable: true },
    ]
    const own = await unpackedFor(node.name)
    const program = await runImage(own, { args, mounts, log: join(directory, node.name, 'node.log') })
    await until(`${node.name} in its namespaces`, { withinMs: 5_000 }, () => processInside(program))
    return program
  }

  /** A mount point is of one node: each has a copy of the root. */
  const unpackedFor = async (name: string): Promise<ImageContents> => {
    const { archive } = await buildImage('node')
    return unpackImage(archive, join(folder, name))
  }
})
