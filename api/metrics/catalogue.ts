// All metrics, by the process that serves them.
import { agentMetrics } from './agent.ts'
import type { MetricDefinitions } from './definition.ts'
import { nodeMetrics } from './node.ts'
import { nodeNotes } from './node-notes.ts'
import { operatorMetrics } from './operator.ts'
import { runnerMetrics } from './runner.ts'
import { testnetMetrics } from './testnet.ts'

export interface Catalogue {
  readonly title: string
  /** One sentence: who serves them, and with which labels besides their own. */
  readonly served: string
  readonly metrics: MetricDefinitions
  /** What to know beyond the lines, a paragraph each. */
  readonly notes?: readonly string[]
}

export const catalogues: readonly Catalogue[] = [
  {
    title: 'Node',
    served:
      'Every node serves these at `/metrics` with the labels `testnet`, `node` and `group`, besides prom-client’s own `process_` and `nodejs_` metrics.',
    metrics: nodeMetrics,
    notes: nodeNotes,
  },
  {
    title: 'Testnet and experiments',
    served:
      'The operator that leads serves these in a cluster, `trellis up` on one machine (`namespace` is `local` there). They tell what is seen from outside; series of what is gone vanish. A run counts once: when its end is first written into its status (of a local run: when `trellis up` sees it), so that an operator that is started again does not count it again.',
    metrics: testnetMetrics,
  },
  {
    title: 'Operator',
    served:
      'The operator serves these of itself, with controller-runtime’s and client-go’s names where these have one, besides prom-client’s own `process_` and `nodejs_` metrics.',
    metrics: operatorMetrics,
  },
  {
    title: 'Runner',
    served:
      'The Job of an experiment serves these on its port `metrics` while it runs, with the labels `namespace`, `testnet` and `experiment`, besides prom-client’s own `process_` and `nodejs_` metrics.',
    metrics: runnerMetrics,
  },
  {
    title: 'Net agent',
    served:
      'Each net agent serves these on its port `net-agent`, without a token. `testnet`, `group` and `node` come from the scrape.',
    metrics: agentMetrics,
  },
]
