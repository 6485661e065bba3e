// The runner as others use it.

export type { CanarySource } from './runner/canaries.ts'
export type { Lifecycle } from './runner/lifecycle.ts'
export type { NodeEndpoint } from './runner/node-client.ts'
export { PreflightFailed } from './runner/preflight.ts'
export type { FaultProgress, Progress } from './runner/progress.ts'
export { type RunOptions, type RunResult, runExperiment } from './runner/run.ts'
