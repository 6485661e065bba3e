// What a cluster can do for testnets, and what the caller may do there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { apiVersion } from '../../api/metadata.ts'
import { ApiError } from '../../operator/kubernetes/runtime/api-error.ts'
import { objectPath, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { packageFolder } from '../../operator/local/program.ts'
import type { Cluster } from '../source/cluster/connect.ts'
import { operatorServices } from '../source/cluster/operator-service.ts'
import { installHint } from '../source/cluster/testnet-objects.ts'
import { fetchText, parsed } from '../source/cluster/text.ts'
import { compareSchemas } from './definitions.ts'
import { rightRows, rights } from './rights.ts'
import { type CheckRow, missing, ok, without } from './row.ts'

/** As the chart says. */
const MIN_MINOR = 30
const PRIVILEGED = 'pod-security.kubernetes.io/enforce'

/** Never throws but the signal's reason: a server that is away is a row. */
export async function clusterRows(cluster: Cluster, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<CheckRow[]> {
  const row = async (name: string, look: () => Promise<CheckRow[]>): Promise<CheckRow[]> => {
    try {
      return await look()
    } catch (error) {
      signal.throwIfAborted()
      const found = error instanceof Error ? error.message : String(error)
      // Who may not look may still be served.
      return error instanceof ApiError && error.status === 403
        ? [without(name, found, 'not known: ask whoever runs the cluster')]
        : [missing(name, found, 'check the context, and whether the cluster runs')]
    }
  }
  const server = await row('server', () => serverRow(cluster, signal))
  if (server.some(({ state }) => state === 'missing')) return server
  const rest = await Promise.all([
    ...['testnets', 'chaosexperiments'].map(plural =>
      row(`definition of ${plural}`, () => definitionRow(cluster, plural, signal)),
    ),
    row('operator', () => operatorRow(cluster, env, signal)),
    row('rights', async () => {
      const allowed = await Promise.all(rights.map(right => mayI(cluster, right, signal)))
      return rightRows(rights, allowed, cluster.namespace)
    }),
    row('namespace', () => namespaceRow(cluster, signal)),
  ])
  return [...server, ...rest.flat()]
}

async function serverRow({ api, context }: Cluster, signal: AbortSignal): Promise<CheckRow[]> {
  const { gitVersion, minor } = await api.send({ method: 'GET', path: '/version', signal })
  const found = `Kubernetes ${String(gitVersion)} of context ${context}`
  if (Number.parseInt(String(minor), 10) >= MIN_MINOR) return [ok('server', found)]
  return [missing('server', found, `Trellis needs Kubernetes 1.${MIN_MINOR} or newer`)]
}

interface Definition {
  readonly spec?: {
    readonly versions?: readonly { readonly name: string; readonly schema?: { openAPIV3Schema?: unknown } }[]
  }
}

async function definitionRow({ api }: Cluster, plural: string, signal: AbortSignal): Promise<CheckRow[]> {
  const name = `definition of ${plural}`
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.trellis.dev`
  let stored: Definition
  try {
    stored = (await api.send({ method: 'GET', path, signal })) as Definition
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [missing(name, 'is not there', installHint)]
    if (!(error instanceof ApiError) || error.status !== 403) throw error
    // Who may not read definitions may still see what is served.
    const { resources: served } = await api.send({ method: 'GET', path: `/apis/${apiVersion}`, signal })
    const there = (served as { name?: string }[] | undefined)?.some(each => each.name === plural)
    return [
      there
        ? ok(name, `${apiVersion} is served; of which version you may not see`)
        : missing(name, 'is not there', installHint),
    ]
  }
  const version = apiVersion.split('/')[1]
  const theirs = stored.spec?.versions?.find(each => each.name === version)?.schema?.openAPIV3Schema
  if (theirs === undefined) return [missing(name, `has no version ${version}`, 'upgrade the chart')]
  const { lacking, foreign } = compareSchemas(schemaOf(plural), theirs)
  if (lacking.length === 0 && foreign.length === 0) return [ok(name, `${apiVersion}, as of this version of trellis`)]
  const listed = (fields: readonly string[]): string =>
    `${fields.slice(0, 3).join(', ')}${fields.length > 3 ? ` and ${fields.length - 3} more` : ''}`
  return lacking.length > 0
    ? [
        missing(
          name,
          `is older: it lacks ${listed(lacking)}`,
          'upgrade the chart: `helm upgrade trellis charts/trellis -n trellis-system`',
        ),
      ]
    : [without(name, `is newer: it has ${listed(foreign)}`, 'use the trellis of that version to write those fields')]
}

/** As the chart would install it. */
function schemaOf(plural: string): unknown {
  const file = join(packageFolder(), 'charts/trellis/templates/crds', `${plural}.yaml`)
  const text = readFileSync(file, 'utf8').replaceAll(/^\s*\{\{.*$/gm, '')
  return (parse(text) as Definition).spec?.versions?.[0]?.schema?.openAPIV3Schema
}

async function operatorRow(cluster: Cluster, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<CheckRow[]> {
  const [service] = await operatorServices(cluster, env, signal)
  if (!service) return [missing('operator', 'is not there', installHint)]
  const place = `${service.namespace}/${service.name}`
  const proxy = objectPath(resources.services, { ...service, name: `${service.name}:api` }, 'proxy/v1/testnets')
  const { status, text } = await fetchText(cluster, { path: proxy.replace('%3A', ':'), signal })
  if (status === 200) {
    const told = parsed(text)
    return [ok('operator', `${place} is ready and tells of ${Array.isArray(told) ? told.length : 'its'} testnets`)]
  }
  const why = (parsed(text) as { message?: string } | undefined)?.message ?? `code ${status}`
  if (status === 403)
    return [
      without(
        'operator',
        `you may not ask ${place}`,
        "get the chart's role <release>-read-api; `nodes` tells less without",
      ),
    ]
  if (status === 404) return [missing('operator', `there is no Service ${place}`, installHint)]
  return [
    missing(
      'operator',
      `${place} does not answer: ${why}`,
      `see \`kubectl -n ${service.namespace} get pods\` and their logs`,
    ),
  ]
}

async function mayI(
  { api, namespace }: Cluster,
  { verb, group, resource, subresource }: (typeof rights)[number],
  signal: AbortSignal,
): Promise<boolean> {
  const resourceAttributes = { namespace, verb, group, resource, ...(subresource && { subresource }) }
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  }
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'
  const { status } = await api.send({ method: 'POST', path, body: review, contentType: 'application/json', signal })
  return (status as { allowed?: boolean } | undefined)?.allowed === true
}

async function namespaceRow({ api, namespace }: Cluster, signal: AbortSignal): Promise<CheckRow[]> {
  const name = `namespace ${namespace}`
  try {
    const { metadata } = await api.get(resources.namespaces, { name: namespace }, signal)
    const level = metadata.labels?.[PRIVILEGED]
    if (level === 'privileged') return [ok(name, 'its Pod Security level admits faults by the kernel')]
    if (level === undefined)
      return [ok(name, "has no Pod Security level; faults by the kernel depend on the cluster's default")]
    return [
      without(
        name,
        `its Pod Security level is ${level}`,
        `faults by the kernel need the label ${PRIVILEGED}=privileged; nodes can make others`,
      ),
    ]
  } catch (error) {
    if (error instanceof ApiError && error.status === 404)
      return [missing(name, 'is not there', `kubectl create namespace ${namespace}`)]
    throw error
  }
}
