// The node's metrics: its catalogue (api/metrics/node.ts), registered, and the lag of its event loop.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type NodeMetrics, nodeMetrics } from '../../api/metrics/node.ts'
import { type Registered, registerMetrics } from '../../api/metrics/registered.ts'

export type Metrics = Registered<NodeMetrics>

/** A timer fires this often for the histogram's sake, in an idle node too. */
const lagResolutionMs = 50

/** Metrics of one node; `labels` are on every one. */
export function createMetrics(labels: Readonly<Record<string, string>> = {}): Metrics {
  const metrics = registerMetrics(nodeMetrics, { labels, ofProcess: true })
  const delay = monitorEventLoopDelay({ resolution: lagResolutionMs })
  delay.enable()
  const lag = metrics.get('trellis_node_event_loop_lag_seconds')
  metrics.onScrape(() => {
    // The histogram counts whole intervals of the timer, whose resolution is not lag.
    for (const [quantile, percent] of [
      ['0.5', 50],
      ['0.99', 99],
    ] as const) {
      lag.set({ quantile }, Math.max(0, delay.percentile(percent) / 1e9 - lagResolutionMs / 1_000))
    }
    delay.reset()
  })
  return {
    ...metrics,
    stop: () => {
      delay.disable()
      metrics.stop()
    },
  }
}
