// The experiment that runs on a testnet of this machine, or the last one that did.
import { claimed } from '../../../operator/local/experiment-claim.ts'
import { readProgress } from '../../../operator/local/experiment-progress.ts'
import type { WatchedExperiment } from '../model/picture.ts'

export function localExperiments(folder: string, testnet: string): WatchedExperiment[] {
  const running = claimed(folder)
  const told = readProgress(folder)
  if (told && (told.verdict !== null || told.pid === running?.pid)) {
    const { experiment, verdict, pid: _pid, ...rest } = told
    return [{ ...rest, name: experiment, testnet, over: verdict !== null, verdict: verdict ?? [] }]
  }
  if (!running) return []
  // It waits for its turn, or has not told anything yet.
  const { experiment: name, since: startedAt, pid } = running
  const rest = { phase: 'starting', message: `process ${pid}`, until: null, faults: [], verdict: [], timeline: [] }
  return [{ name, testnet, startedAt, over: false, ...rest }]
}
