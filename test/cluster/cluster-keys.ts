// The cluster's keys, certificates and kubeconfigs. P-256, so that all of them take well under a second.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { $ } from 'zx'
import { addresses, apiUrl, type ClusterPlan, controlNode, keyFolder } from './cluster-plan.ts'

interface Identity {
  readonly name: string
  readonly subject: string
  readonly kubeconfig: boolean
  readonly alternatives?: readonly string[]
}

const identities = (plan: ClusterPlan): readonly Identity[] => [
  {
    name: 'apiserver',
    subject: '/CN=kube-apiserver',
    kubeconfig: false,
    alternatives: [
      ...['', '.default', '.default.svc', '.default.svc.cluster.local'].map(suffix => `DNS:kubernetes${suffix}`),
      'DNS:localhost',
      ...['127.0.0.1', addresses.apiService, controlNode(plan).address].map(address => `IP:${address}`),
    ],
  },
  {
    name: 'apiserver-kubelet-client',
    subject: '/O=system:masters/CN=kube-apiserver-kubelet-client',
    kubeconfig: false,
  },
  { name: 'front-proxy-client', subject: '/CN=front-proxy-client', kubeconfig: false },
  { name: 'admin', subject: '/O=system:masters/CN=admin', kubeconfig: true },
  ...['kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'coredns'].map(name => ({
    name,
    subject: `/CN=system:${name}`,
    kubeconfig: true,
  })),
  ...plan.nodes.map(({ name }) => ({ name, subject: `/O=system:nodes/CN=system:node:${name}`, kubeconfig: true })),
]

/** Writes all of them into the key folder; `<name>.kubeconfig` speaks to the API server from inside the cluster. */
export async function makeKeys(plan: ClusterPlan): Promise<void> {
  const folder = keyFolder(plan)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const run = $({ cwd: folder, quiet: true })
  const key = (name: string) => run`openssl ecparam -name prime256v1 -genkey -noout -out ${name}.key`
  await key('ca')
  await run`openssl req -x509 -new -key ca.key -subj /CN=trellis-test-ca -days 3650 -out ca.crt -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature`
  await Promise.all([
    run`openssl genrsa -out sa.key 2048 && openssl rsa -in sa.key -pubout -out sa.pub`,
    ...identities(plan).map(async ({ name, subject, kubeconfig, alternatives }) => {
      await key(name)
      await run`openssl req -new -key ${name}.key -subj ${subject} -out ${name}.csr`
      const extensions = [
        'basicConstraints=critical,CA:FALSE',
        'keyUsage=critical,digitalSignature',
        'extendedKeyUsage=serverAuth,clientAuth',
        ...(alternatives ? [`subjectAltName=${alternatives.join(',')}`] : []),
      ]
      await writeFile(join(folder, `${name}.ext`), extensions.join('\n'))
      const serial = `0x${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`
      await run`openssl x509 -req -in ${name}.csr -CA ca.crt -CAkey ca.key -set_serial ${serial} -days 3650 -out ${name}.crt -extfile ${name}.ext`
      if (kubeconfig) await writeKubeconfig(plan, name, apiUrl(plan), join(folder, `${name}.kubeconfig`))
    }),
  ])
}

/** A kubeconfig that speaks as `name` to the API server at `url`. */
export async function writeKubeconfig(plan: ClusterPlan, name: string, url: string, file: string): Promise<void> {
  const data = async (key: string) => (await readFile(join(keyFolder(plan), key))).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'trellis-test',
    clusters: [{ name: 'trellis-test', cluster: { server: url, 'certificate-authority-data': await data('ca.crt') } }],
    users: [
      {
        name,
        user: { 'client-certificate-data': await data(`${name}.crt`), 'client-key-data': await data(`${name}.key`) },
      },
    ],
    contexts: [{ name: 'trellis-test', context: { cluster: 'trellis-test', user: name } }],
  }
  await writeFile(file, JSON.stringify(config), { mode: 0o600 })
}
