// The light tier: etcd and kube-apiserver alone, on loopback. Everything an API server does is real (admission,
// validation, CEL, server-side apply, watches, RBAC); nothing that needs a node or a controller happens.
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { $ } from 'zx'
import { ownedFolder } from './abandoned.ts'
import { type ComponentProcess, startComponent } from './component.ts'
import { answers } from './https-probe.ts'
import { kubeBinaries } from './kube-binary.ts'
import { until } from './until.ts'

const READY_MS = 60_000
/** Somebody else may take a port between our finding it and a component's binding it. */
const MAX_PORT_TRIES = 5

export interface ApiUser {
  readonly name: string
  readonly groups?: readonly string[]
}
export const admin: ApiUser = { name: 'admin', groups: ['system:masters'] }

export interface ApiTierOptions {
  /** Users besides `admin`; each one's bearer token is its name. RBAC is on, so they may nothing until a binding says so. */
  readonly users?: readonly ApiUser[]
  /** Further arguments of kube-apiserver. */
  readonly apiServerArgs?: readonly string[]
}

/** What a test in another process needs of a running tier. Plain JSON. */
export interface ApiAddress {
  readonly url: string
  /** PEM */
  readonly ca: string
  /** Bearer token of `admin`. */
  readonly token: string
  /** File of a kubeconfig for `admin`. */
  readonly kubeconfig: string
  /** Folder of kubectl and the other components. */
  readonly binaries: string
}

export interface ApiTier extends ApiAddress {
  readonly state: string
  readonly etcd: ComponentProcess
  readonly apiServer: ComponentProcess
  /** A kubeconfig for one of `users`, as text. */
  kubeconfigOf(user: string): string
  /** Starts kube-apiserver again after it ended: same port, same data. Resolves when it is ready. */
  startApiServer(): Promise<void>
  down(): Promise<void>
}

/** Why the tier cannot run here; undefined when it can. Builds the binaries when Go is there and no cache holds them. */
export async function apiTierMissing(tell: (line: string) => void = () => {}): Promise<string | undefined> {
  const found = await kubeBinaries(tell)
  return 'missing' in found ? found.missing : undefined
}

/** Brings one tier up; several may run side by side. Throws when the binaries are missing or a component does not start. */
export async function up(options: ApiTierOptions = {}): Promise<ApiTier> {
  const found = await kubeBinaries(line => console.error(line))
  if ('missing' in found) throw new Error(found.missing)
  const state = await ownedFolder('trellis-api-')
  try {
    await chmod(state, 0o700)
    for (let attempt = 1; ; attempt++) {
      try {
        return await start(found.folder, state, options)
      } catch (error) {
        if (!/address already in use/.test(String(error)) || attempt === MAX_PORT_TRIES) throw error
        await rm(join(state, 'etcd'), { recursive: true, force: true })
      }
    }
  } catch (error) {
    await rm(state, { recursive: true, force: true })
    throw error
  }
}

export const apiTier = { up, missing: apiTierMissing }

async function start(binaries: string, state: string, options: ApiTierOptions): Promise<ApiTier> {
  const users = [admin, ...(options.users ?? [])]
  const [etcdPort, port] = await freePorts(2)
  const url = `https://127.0.0.1:${port}`
  await writeFile(join(state, 'tokens.csv'), users.map(tokenLine).join(''), { mode: 0o600 })
  await $({ cwd: state, quiet: true })`openssl ecparam -name prime256v1 -genkey -noout -out sa.key`
  const start = (name: 'etcd' | 'kube-apiserver', args: readonly string[]) =>
    startComponent(name, join(binaries, name), args, { cwd: state, logFile: join(state, `${name}.log`) })

  const etcd = start('etcd', etcdArgs(etcdPort!))
  const args = apiServerArgs(etcdPort!, port!, options)
  let apiServer = start('kube-apiserver', args)
  const ready = () =>
    until(
      `kube-apiserver at ${url} is ready`,
      { withinMs: READY_MS, everyMs: 25, describe: () => apiServer.log() },
      () => {
        for (const component of [etcd, apiServer])
          if (!component.running()) throw new Error(`${component.name} ended:\n${component.log()}`)
        return answers(`${url}/readyz`, admin.name)
      },
    )
  const down = async () => {
    await Promise.all([apiServer.kill(), etcd.kill()])
    await rm(state, { recursive: true, force: true })
  }
  try {
    await ready()
    const ca = await readFile(join(state, 'certs', 'apiserver.crt'), 'utf8')
    const kubeconfig = join(state, 'kubeconfig')
    const kubeconfigOf = (user: string) => kubeconfigText(url, ca, user)
    await writeFile(kubeconfig, kubeconfigOf(admin.name), { mode: 0o600 })
    return {
      url,
      ca,
      token: admin.name,
      kubeconfig,
      binaries,
      state,
      etcd,
      get apiServer() {
        return apiServer
      },
      kubeconfigOf,
      async startApiServer() {
        if (apiServer.running()) throw new Error('kube-apiserver runs already')
        apiServer = start('kube-apiserver', args)
        await ready()
      },
      down,
    }
  } catch (error) {
    await Promise.all([apiServer.kill(), etcd.kill()])
    throw error
  }
}

const tokenLine = ({ name, groups = [] }: ApiUser): string => `${name},${name},${name},"${groups.join(',')}"\n`

// Paths are relative to the state folder.
const etcdArgs = (port: number): string[] => [
  '--data-dir=etcd',
  // Nothing here must survive a power cut.
  '--unsafe-no-fsync',
  `--listen-client-urls=http://127.0.0.1:${port}`,
  `--advertise-client-urls=http://127.0.0.1:${port}`,
  '--listen-peer-urls=http://127.0.0.1:0',
  '--log-level=error',
]

const apiServerArgs = (etcdPort: number, port: number, { apiServerArgs = [] }: ApiTierOptions): string[] => [
  `--etcd-servers=http://127.0.0.1:${etcdPort}`,
  '--bind-address=127.0.0.1',
  `--secure-port=${port}`,
  '--advertise-address=127.0.0.1',
  '--endpoint-reconciler-type=none',
  '--cert-dir=certs',
  '--token-auth-file=tokens.csv',
  '--service-account-issuer=https://kubernetes.default.svc',
  '--service-account-key-file=sa.key',
  '--service-account-signing-key-file=sa.key',
  '--service-cluster-ip-range=10.97.0.0/16',
  '--authorization-mode=RBAC',
  // Its controller, which makes the default account, does not run here.
  '--disable-admission-plugins=ServiceAccount',
  '--profiling=false',
  ...apiServerArgs,
]

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  try {
    // All are held at once, so that they differ.
    return await Promise.all(
      servers.map(
        server =>
          new Promise<number>((resolve, reject) => {
            server.once('error', reject)
            server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
          }),
      ),
    )
  } finally {
    await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  }
}

const kubeconfigText = (url: string, ca: string, token: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'tier',
    clusters: [
      { name: 'tier', cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
    ],
    users: [{ name: token, user: { token } }],
    contexts: [{ name: 'tier', context: { cluster: 'tier', user: token } }],
  })
