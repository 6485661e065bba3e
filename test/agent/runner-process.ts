// The runner's part that injects, renews and lifts one fault, over net agents or nodes, as a process of its own: something
// to kill.
// Told by one line of JSON on stdin; says `injecting`, `active`, `lifting` and `over` on stdout as it goes.
import { createInterface } from 'node:readline'
import type { ExperimentFault } from '../../api/experiment.ts'
import type { LinkRow } from '../../api/link.ts'
import type { FaultWindow } from '../../api/run.ts'
import { compile } from '../../chaos/matrix.ts'
import { type Lease, runFault } from '../../chaos/runner/fault.ts'
import { nodeHolders } from '../../chaos/runner/node-holders.ts'
import { Processes } from '../../chaos/runner/processes.ts'
import type { Holder } from '../../chaos/runner/target.ts'
import { AgentClient } from '../../operator/kubernetes/runner/agent-client.ts'
import { agentLinks } from '../../operator/kubernetes/runner/agent-links.ts'

export interface RunnerOrders {
  readonly run: string
  readonly fault: ExperimentFault
  /** Each with the address of its net agent, or of its own administration port where there is no key. */
  readonly nodes: readonly { readonly name: string; readonly host: string; readonly url: string }[]
  /** Of the agents, base64. */
  readonly key?: string
  readonly lease: Lease
  readonly notAfter: number
}

export async function runFaultOf({ run, fault, nodes, key, lease, notAfter }: RunnerOrders): Promise<FaultWindow> {
  const id = `campaign.${fault.name}`
  const facts = nodes.map(({ name, host }) => ({
    name,
    host,
    peerId: `id-${name}`,
    group: 'miner',
    role: 'miner',
    region: 'here',
    weight: 1,
  }))
  const [compiled] = compile({ seed: run, faults: [fault] }, facts)
  const plannedStart = Date.now()
  const window: FaultWindow = {
    fault: fault.name,
    plannedStart,
    plannedEnd: plannedStart + fault.durationMs,
    injectedAt: null,
    liftedAt: null,
    endedAt: null,
    targets: [...compiled!.targets],
    sides: [],
    failures: [],
    counters: [],
  }
  const links = key === undefined ? overNodes(nodes) : overAgents(nodes, { run, id, key, notAfter })
  await runFault(
    compiled!,
    window,
    {
      target: {
        testnet: {
          name: 'campaign',
          seed: run,
          blockIntervalMs: 1_000,
          checkpointInterval: 4,
          quorum: { numerator: 2, denominator: 3 },
          nodes: facts,
        },
        nodes: [],
        fidelity: key === undefined ? 'userspace' : 'kernel',
        links,
      },
      processes: new Processes(undefined),
      window,
      id,
      lease,
      now: Date.now,
      isStopped: () => false,
      isGone: () => false,
      save: async () => {},
      onRenewal: () => {},
      onState: state => console.log(state),
    },
    new AbortController().signal,
  )
  return window
}

const overNodes = (nodes: RunnerOrders['nodes']): Holder<LinkRow> =>
  nodeHolders(nodes.map(({ name, url }) => ({ name, statusUrl: url, adminUrl: url }))).links

function overAgents(
  nodes: RunnerOrders['nodes'],
  { run, id, key, notAfter }: { run: string; id: string; key: string; notAfter: number },
): Holder<LinkRow> {
  const secret = Buffer.from(key, 'base64')
  const clients = new Map(
    nodes.map(({ name, url }) => [name, new AgentClient({ url: () => url, key: secret, notAfter })]),
  )
  return agentLinks({ clientOf: node => clients.get(node)!, run, ids: [id] })
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log('ready')
  await runFaultOf(JSON.parse(line) as RunnerOrders)
  process.exit(0)
}
