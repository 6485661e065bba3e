// A case for an alert, in the terms of `promtool test rules`: samples every 15 seconds, and what must fire when.
// https://prometheus.io/docs/prometheus/2.42/configuration/unit_testing_rules/

export interface Firing {
  readonly labels: Readonly<Record<string, string>>
  readonly summary: string
  readonly description: string
}

export interface AlertCase {
  readonly alert: string
  readonly what: string
  /** Series -> samples; `1x3` is four samples of 1, `_x3` are three that are missing, `stale` the end of the series. */
  readonly series: Readonly<Record<string, string>>
  /** Moments at which nothing of the alert fires. */
  readonly silent: readonly string[]
  readonly fires?: { readonly at: string; readonly alerts: readonly Firing[] }
}

/** The testnet of the cases. */
export const testnet = { namespace: 'team', testnet: 'net' }
const net = 'namespace="team",testnet="net"'
export const ofNet = (name: string): string => `${name}{${net}}`
/** Of a node, with the labels that its scrape gives. */
export const ofNode = (name: string, node = 'miner-3', more = ''): string =>
  `${name}{${net},group="miner",node="${node}",instance="${node}:80",job="nodes"${more}}`
/** Of an operator. */
export const ofOperator = (name: string, more = ''): string =>
  `${name}{namespace="trellis-system",instance="operator-1:80",job="operator"${more}}`
/** Of an experiment on the testnet. */
export const ofExperiment = (name: string): string => `${name}{${net},experiment="cut"}`
