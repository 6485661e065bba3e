// The experiment that runs on a testnet of this machine.
import { claimed } from '../../../operator/local/experiment-claim.ts'
import type { WatchedExperiment } from '../model/picture.ts'

export function localExperiments(folder: string, testnet: string): WatchedExperiment[] {
  const running = claimed(folder)
  if (!running) return []
  const { experiment, since, pid } = running
  const message = `process ${pid}`
  const rest = { startedAt: since, until: null, over: false, faults: [], verdict: [] }
  return [{ name: experiment, testnet, phase: 'running', message, ...rest }]
}
