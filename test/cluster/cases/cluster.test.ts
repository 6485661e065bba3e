// What every other case relies on: pods run on every node, keep their volumes, and are found by name.
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { $ } from 'zx'
import { inNetworkOf } from '../cluster-nodes.ts'
import { remembered } from '../cluster-process.ts'
import { kubeBinaries } from '../kube-binary.ts'
import { until } from '../until.ts'

/** The folder of our own cluster; unset when KUBECONFIG names somebody else's. */
const state = process.env.TRELLIS_CLUSTER_STATE
const namespace = `trellis-cases-${process.pid}`
const found = await kubeBinaries(line => console.error(line))
if ('missing' in found) throw new Error(found.missing)
const kube = `${found.folder}/kubectl`
const run = $({ quiet: true })

beforeAll(async () => void (await run`${kube} create namespace ${namespace}`))
afterAll(async () => void (await run`${kube} delete namespace ${namespace} --timeout=120s`))

const labels = { app: 'pair' }
const objects = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'pair', namespace },
    spec: { clusterIP: 'None', selector: labels, publishNotReadyAddresses: true, ports: [{ port: 80 }] },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'pair', namespace },
    spec: {
      serviceName: 'pair',
      podManagementPolicy: 'Parallel',
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: labels },
            },
          ],
          containers: [
            { name: 'pause', image: 'localhost/pause:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] },
          ],
        },
      },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'cases',
            resources: { requests: { storage: '1Mi' } },
          },
        },
      ],
    },
  },
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'cases' },
    provisioner: 'kubernetes.io/host-path',
  },
]

test.skipIf(state === undefined)('a StatefulSet runs on every node, with volumes and names, and goes', async () => {
  await run({ input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) })`${kube} apply -f -`
  await run`${kube} -n ${namespace} rollout status statefulset/pair --timeout=60s`
  const pods = JSON.parse((await run`${kube} -n ${namespace} get pods -o json`).stdout) as {
    items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }[]
  }
  const nodes = (await readdir(state!)).filter(name => /^node\d+$/.test(name))
  expect(new Set(pods.items.map(({ spec }) => spec.nodeName))).toEqual(new Set(nodes.slice(0, 2)))

  const lookUp = `const { Resolver } = require('node:dns').promises
    const resolver = new Resolver({ timeout: 1000, tries: 2 })
    resolver.setServers(['10.96.0.10'])
    resolver.resolve4(process.argv[1]).then(found => console.log(found.join()), error => console.log(error.code))`
  const knock = `const { connect } = require('node:net')
    connect({ host: process.argv[1], port: 1, timeout: 3000 })
      .on('timeout', function () { this.destroy(new Error('silence')) })
      .on('error', error => console.log(error.code ?? error.message))`
  for (const { metadata, status } of pods.items) {
    const name = `${metadata.name}.pair.${namespace}.svc.cluster.local`
    for (const node of nodes) {
      const prefix = inNetworkOf((await remembered(state!, node))!)
      await until(
        `${name} on ${node}`,
        { withinMs: 20_000 },
        async () =>
          (await run`${prefix} ${process.execPath} -e ${lookUp} ${name}`.nothrow()).stdout.trim() === status.podIP,
      )
      // Nobody listens there: that the pod itself says so is the proof that packets go both ways.
      const { stdout } = await run`${prefix} ${process.execPath} -e ${knock} ${status.podIP}`
      expect(stdout.trim(), `${metadata.name} from ${node}`).toBe('ECONNREFUSED')
    }
  }
  await run`${kube} -n ${namespace} delete statefulset/pair service/pair --timeout=60s`
  await run`${kube} delete storageclass cases`
  await until(
    'the claims are gone',
    { withinMs: 60_000 },
    async () => (await run`${kube} -n ${namespace} get pvc -o name`).stdout === '',
  )
})
