// Names and labels of an experiment's objects; the operator and the runner both go by them. All objects are in the
// namespace of the experiment and owned by it.

/** On every object of a run: the name of its experiment. */
export const EXPERIMENT_LABEL = 'trellis.dev/experiment'
/** On an experiment that another one made: the name of that one. */
export const SERIES_LABEL = 'trellis.dev/series'
/** On the Job and the pods of a runner: the name of the testnet that it works on. */
export const TARGET_LABEL = 'trellis.dev/target'
/** What a pod runs. */
export const APP_LABEL = 'app.kubernetes.io/name'
/** In that label of a runner's pods: the nodes let them in. */
export const RUNNER_APP = 'trellis-runner'

// Two dashes, as in build/names.ts: no object of a testnet is called so.
/** Job, ServiceAccount and RoleBinding. */
export const runnerObject = (experiment: string): string => `${experiment}--runner`
/** The runner's ConfigMap for its successor. */
export const checkpointObject = (experiment: string): string => `${experiment}--checkpoint`
/** The runner's ConfigMap with the recorded run. */
export const recordObject = (experiment: string): string => `${experiment}--record`
/** A run of a schedule or of repeats. */
export const runName = (series: string, number: number): string => `${series}-${number}`

/** Not the testnet's label: its services and policies go by that. */
export const runnerLabels = (experiment: string): Record<string, string> => ({
  [APP_LABEL]: RUNNER_APP,
  'app.kubernetes.io/instance': experiment,
  'app.kubernetes.io/managed-by': 'trellis-operator',
  'app.kubernetes.io/part-of': 'trellis',
  [EXPERIMENT_LABEL]: experiment,
})

/** Where the runner's pod finds the Secret of its testnet: `adminToken`, and the net agents' key when there is one. */
export const TESTNET_SECRET_DIR = '/etc/trellis-runner/testnet'
/** Where a runner's pod tells how its run goes. */
export const RUNNER_METRICS_PORT = 8081
/** In the runner's pod: its own name and namespace, and the experiment's uid. */
export const runnerEnvironment = { pod: 'POD_NAME', uid: 'EXPERIMENT_UID' } as const
