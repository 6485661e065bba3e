// What the runner of an experiment measures while it runs.
import type { MetricDefinitions } from './definition.ts'

export const runnerMetrics = {
  trellis_runner_faults_active: { type: 'gauge', labels: ['fault', 'kind'], help: '1 while the fault is in force' },
  trellis_runner_targets: {
    type: 'gauge',
    labels: ['fault', 'state'],
    help: 'Nodes a fault is aimed at; state is selected, injected or recovered',
  },
  trellis_runner_injection_skew_seconds: {
    type: 'gauge',
    unit: 'seconds',
    labels: ['fault'],
    help: 'Time from the first to the last node that a fault was put at; of faults that nodes or agents hold',
  },
  trellis_runner_lease_renewals_total: {
    type: 'counter',
    labels: ['outcome'],
    help: 'Renewals of leases at nodes or agents; outcome is renewed or failed',
  },
} as const satisfies MetricDefinitions

export type RunnerMetrics = typeof runnerMetrics
