// What a net agent measures.
import type { MetricDefinitions } from './definition.ts'

export const agentMetrics = {
  trellis_agent_rows: { type: 'gauge', labels: [], help: 'Link rows that the kernel holds' },
  trellis_agent_lease_end_timestamp_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'Unix time at which the last lease ends; 0 without one',
  },
  trellis_agent_lease_renewals_total: {
    type: 'counter',
    labels: [],
    help: 'Leases that were renewed before their end',
  },
  trellis_agent_leases_lapsed_total: {
    type: 'counter',
    labels: [],
    help: 'Leases that ended because nobody renewed them',
  },
  trellis_agent_packets_dropped_total: {
    type: 'counter',
    labels: ['direction'],
    help: 'Packets that rules in force dropped, as the kernel counts them',
  },
  trellis_agent_packets_shaped_total: {
    type: 'counter',
    labels: [],
    help: 'Packets that were delayed or limited, as the kernel counts them',
  },
  trellis_agent_apply_seconds: {
    type: 'histogram',
    unit: 'seconds',
    labels: [],
    help: 'Time to bring a row into the kernel',
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2.5],
  },
  trellis_agent_requests_refused_total: {
    type: 'counter',
    labels: ['code'],
    help: 'Requests that were refused, by code of the answer',
  },
} as const satisfies MetricDefinitions

export type AgentMetrics = typeof agentMetrics
