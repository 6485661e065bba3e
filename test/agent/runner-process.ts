// The runner's part that injects, renews and lifts one fault, over net agents, as a process of its own: something to kill.
// Told by one line of JSON on stdin; says `injecting`, `active`, `lifting` and `over` on stdout as it goes.
import { createInterface } from 'node:readline'
import type { ExperimentFault } from '../../api/experiment.ts'
import type { FaultWindow } from '../../api/run.ts'
import { compile } from '../../chaos/matrix.ts'
import { type Lease, runFault } from '../../chaos/runner/fault.ts'
import { Processes } from '../../chaos/runner/processes.ts'
import { AgentClient } from '../../operator/kubernetes/runner/agent-client.ts'
import { agentLinks } from '../../operator/kubernetes/runner/agent-links.ts'

export interface RunnerOrders {
  readonly run: string
  readonly fault: ExperimentFault
  readonly nodes: readonly { readonly name: string; readonly host: string; readonly agent: string }[]
  /** Of the agents, base64. */
  readonly key: string
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
  const clients = new Map(
    nodes.map(({ name, agent }) => [
      name,
      new AgentClient({ url: () => agent, key: Buffer.from(key, 'base64'), notAfter }),
    ]),
  )
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
  const links = agentLinks({ clientOf: node => clients.get(node)!, run, ids: [id] })
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
        fidelity: 'kernel',
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

for await (const line of createInterface({ input: process.stdin })) {
  console.log('ready')
  await runFaultOf(JSON.parse(line) as RunnerOrders)
  process.exit(0)
}
