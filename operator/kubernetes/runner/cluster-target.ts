// A testnet of pods as the chaos runner needs it.
import type { LinkRow } from '../../../api/link.ts'
import type { TestnetFacts } from '../../../api/run.ts'
import { rowId } from '../../../chaos/matrix.ts'
import type { NodeEndpoint } from '../../../chaos/runner/node-client.ts'
import { reasonOf } from '../../../chaos/runner/node-client.ts'
import { nodeHolders } from '../../../chaos/runner/node-holders.ts'
import type { Holder, Target } from '../../../chaos/runner/target.ts'
import { canarySigner } from '../../local/canary.ts'
import { testnetFacts } from '../../testnet/facts.ts'
import { AGENT_PORT, ports } from '../build/names.ts'
import type { Api } from '../runtime/api.ts'
import { isNotFound } from '../runtime/api-error.ts'
import { objectPath, resources } from '../runtime/resource.ts'
import { testnets } from '../testnet/stored-testnet.ts'
import { doneUntil, heldUntil } from './absolute-end.ts'
import { AgentClient } from './agent-client.ts'
import { agentExperiment, agentLinks } from './agent-links.ts'
import { CoveringLinks } from './covering-links.ts'
import { type AgentFound, type Choice, chooseInjector, rowsNeeded } from './injector.ts'
import { nodeLifecycle } from './node-lifecycle.ts'
import { inUrl, type PodAddresses } from './pod-addresses.ts'
import type { Given, Secrets } from './stored.ts'

/** Refuses at once, and never leads to somebody else's pod. */
const NOWHERE = '127.0.0.1'
const NOWHERE_PORT = 1
/** A pod that is told to end has this long: it is to be killed, not to be asked. */
const POD_GRACE_SECONDS = 1
const PREFLIGHT_TIMEOUT_MS = 5_000

export interface ClusterTargetOptions {
  readonly api: Api
  readonly namespace: string
  readonly given: Given
  readonly secrets: Secrets
  readonly pods: PodAddresses
  /** What a runner before this one made the faults by: rows of both sorts would be on the nodes. */
  readonly before?: Choice['fidelity'] | undefined
  /** Ends what works in the background. */
  readonly signal: AbortSignal
}

export interface ClusterTarget {
  readonly target: Target
  readonly choice: Choice
}

/** Asks every net agent what its kernel can do. */
export async function clusterTarget(options: ClusterTargetOptions): Promise<ClusterTarget> {
  const { api, namespace, given, secrets, pods, signal } = options
  const { experiment, expanded, stored, endsBy } = given
  const hostOf = (node: string): string => pods.of(node)?.ip ?? ''
  const url = (node: string, port: number): string => {
    const pod = pods.of(node)
    return pod ? `http://${inUrl(pod.ip)}:${port}` : `http://${NOWHERE}:${NOWHERE_PORT}`
  }
  const facts = testnetFacts(expanded, hostOf)
  const nodes = expanded.nodes.map(
    ({ name }): NodeEndpoint => ({
      name,
      // A pod that comes back has another address.
      get statusUrl() {
        return url(name, ports.http)
      },
      get adminUrl() {
        return url(name, ports.admin)
      },
      adminToken: secrets.adminToken,
    }),
  )
  const run = stored.metadata.uid ?? stored.metadata.name
  const clientOf = agentClients(url, secrets, endsBy)
  const needed = rowsNeeded(experiment, facts)
  const choose = async (): Promise<Choice> => {
    const wanted = experiment.injector === 'userspace' ? [] : [...needed.keys()]
    const found = await Promise.all(wanted.map(node => findAgent(node, run, { pods, clientOf, signal })))
    return chooseInjector(experiment.injector, needed, found)
  }
  const choice = options.before ? { fidelity: options.before, reasons: [] } : await choose()
  const holders = nodeHolders(nodes)
  const ids = experiment.faults.map(({ name }) => rowId(experiment.name, name))
  const inner: Holder<LinkRow> =
    choice.fidelity === 'kernel' ? onlyWhereNeeded(agentLinks({ clientOf, run, ids }), needed) : holders.links
  const covering = new CoveringLinks(inner, { hostOf, onChange: listener => pods.onChange(listener) }, signal)
  const lifecycle = nodeLifecycle({
    adminUrl: node => url(node, ports.admin),
    adminToken: secrets.adminToken,
    deletePod: async (node, signal) => {
      const pod = pods.of(node)
      if (!pod) throw new Error('the node has no pod')
      await deletePod(api, { namespace, ...pod }, signal)
    },
    now: Date.now,
  })
  const target: Target = {
    testnet: facts,
    nodes,
    fidelity: choice.fidelity,
    links: heldUntil(covering, endsBy),
    clocks: heldUntil(holders.clocks, endsBy),
    lifecycle: doneUntil(lifecycle, endsBy, Date.now),
    canaries: canarySigner(expanded),
    gone: () => whyGone(api, namespace, facts, given.testnetUid, signal),
  }
  return { target, choice }
}

function agentClients(
  url: (node: string, port: number) => string,
  { agentKey }: Secrets,
  notAfter: number,
): (node: string) => AgentClient {
  return node => {
    if (!agentKey)
      throw new Error('the testnet’s Secret holds no key for its net agents; is its operator of this version?')
    return new AgentClient({ url: () => url(node, AGENT_PORT), key: agentKey, notAfter })
  }
}

async function findAgent(
  node: string,
  run: string,
  from: Pick<ClusterTargetOptions, 'pods' | 'signal'> & { readonly clientOf: (node: string) => AgentClient },
): Promise<AgentFound> {
  const pod = from.pods.of(node)
  if (!pod) return { node, primitives: undefined, reason: 'it has no pod' }
  if (!pod.agent)
    return {
      node,
      primitives: undefined,
      reason: 'no net agent stands beside it: set `spec.chaos.kernel` of the Testnet',
    }
  try {
    const options = { signal: from.signal, timeoutMs: PREFLIGHT_TIMEOUT_MS }
    const { primitives } = await from.clientOf(node).preflight(agentExperiment(run, 'preflight'), options)
    return { node, primitives }
  } catch (error) {
    return { node, primitives: undefined, reason: `its net agent: ${reasonOf(error)}` }
  }
}

/** A node that gets no rows needs no agent. */
const onlyWhereNeeded = (links: Holder<LinkRow>, needed: ReadonlyMap<string, unknown>): Holder<LinkRow> => ({
  put: (node, row, options) => links.put(node, row, options),
  end: (node, id, options) => links.end(node, id, options),
  inForce: async (node, options) => (needed.has(node) ? await links.inForce(node, options) : []),
})

async function deletePod(
  api: Api,
  { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string },
  signal: AbortSignal,
): Promise<void> {
  // By uid: the pod that came after it is not to be killed, too.
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    gracePeriodSeconds: POD_GRACE_SECONDS,
    preconditions: { uid },
  }
  await api.send({ method: 'DELETE', path: objectPath(resources.pods, { namespace, name }), body, signal })
}

async function whyGone(
  api: Api,
  namespace: string,
  { name }: TestnetFacts,
  uid: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { metadata } = await api.get(testnets, { namespace, name }, signal)
    if (metadata.uid === uid && !metadata.deletionTimestamp) return undefined
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  return `testnet ${name} was deleted`
}
