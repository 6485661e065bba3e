// Starts an experiment on the testnet that is looked at, whichever testnet its file names; ends one of a cluster.
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { apiVersion } from '../../api/metadata.ts'
import { claimed } from '../../operator/local/experiment-claim.ts'
import { testnetFolder, writeFileWhole } from '../../operator/local/state-folder.ts'
import { type ExperimentFile, readExperimentFile } from '../documents.ts'
import type { Cluster } from '../source/cluster/connect.ts'

/** Longer than this the command that runs it is only slow, or waits for its turn. */
const STARTED_WITHIN_MS = 10_000
const POLL_MS = 100
const MAX_SAID_CHARS = 300

/** Runs on when the dashboard is left. Resolves with a sentence about it. @throws Error why it does not run */
export async function startHere(root: string, testnet: string, file: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { metadata, spec } = readExperimentFile(file).written
  const folder = testnetFolder(root, testnet)
  const copy = join(folder, `${basename(file).replace(/\.ya?ml$/, '')}.started.yaml`)
  const document = { apiVersion, kind: 'ChaosExperiment', metadata, spec: { ...(spec as object), testnet } }
  // JSON is YAML.
  writeFileWhole(copy, `${JSON.stringify(document, undefined, 2)}\n`)
  const logFile = join(folder, 'experiment.log')
  const log = openSync(logFile, 'w', 0o600)
  const child = spawn(process.execPath, [process.argv[1]!, 'chaos', 'run', copy], {
    env: { ...env, NO_COLOR: '1' },
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  let ended: number | null | undefined
  child.once('error', () => {
    ended = null
  })
  child.once('exit', code => {
    ended = code
  })
  child.unref()
  for (const deadline = performance.now() + STARTED_WITHIN_MS; performance.now() < deadline; await delay(POLL_MS)) {
    if (claimed(folder)?.pid === child.pid) return `${metadata.name} runs on ${testnet}; it goes on when you leave`
    if (ended !== undefined) throw new Error(`${metadata.name} did not start: ${lastWords(logFile)}`)
  }
  return `${metadata.name} waits; what it says is in ${logFile}`
}

function lastWords(file: string): string {
  try {
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    return (lines.find(line => line.startsWith('✗')) ?? lines.at(-1) ?? '').replace(/^✗ /, '').slice(0, MAX_SAID_CHARS)
  } catch {
    return 'it said nothing'
  }
}

/** The operator runs it. Resolves with a sentence about it. @throws ApiError with what is refused, UsageError */
export async function startInCluster(cluster: Cluster, testnet: string, file: string): Promise<string> {
  const { applyExperiment, listExperiments } = await import('../source/cluster/chaos-experiments.ts')
  const { written }: ExperimentFile = readExperimentFile(file)
  const signal = AbortSignal.timeout(STARTED_WITHIN_MS)
  const taken = new Set((await listExperiments(cluster, cluster.namespace, signal)).map(each => each.metadata.name))
  // An experiment is the record of one run: none that is there is replaced.
  const name = freeName(written.metadata.name, taken)
  const document = { metadata: { ...written.metadata, name }, spec: { ...(written.spec as object), testnet } }
  await applyExperiment(cluster, document, false, signal)
  return `${name} is created; the operator runs it on ${testnet}`
}

/** Asks for its end. Resolves with a sentence about it. @throws ApiError */
export async function abortInCluster(cluster: Cluster, name: string): Promise<string> {
  const { findExperiment, setAbort } = await import('../source/cluster/chaos-experiments.ts')
  const signal = AbortSignal.timeout(STARTED_WITHIN_MS)
  const found = await findExperiment(cluster, name, signal)
  const asked = found !== undefined && (await setAbort(cluster, found, signal))
  return asked ? `${name} is asked to end; its faults are lifted` : `${name} is not there any more`
}

/** `name`, or the first of `name-2`, `name-3`... that nobody has. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name
  for (let number = 2; ; number++) if (!taken.has(`${name}-${number}`)) return `${name}-${number}`
}
