// An operator in this process, or in one of its own, for tests: quick elections, quick polls, ports of nobody.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node/dist/config.js'
import { Log } from '../../node/observe/log.ts'
import { type OperatorConfig, operatorConfigSchema } from '../../operator/kubernetes/config.ts'
import { type OperatorOptions, type RunningOperator, startOperator } from '../../operator/kubernetes/operator.ts'

/** A busy machine must not depose a leader by the way. */
export const quickElection = { leaseMs: 5_000, renewMs: 3_500, retryMs: 200 }
export const quickPolls = { minMs: 300, maxMs: 300, firstMs: 100 }
const MAX_LOG_LINES = 400

/** Of an operator that serves that namespace only, unless `namespaces` says otherwise. */
export const testConfig = (namespace: string, more: Partial<OperatorConfig> = {}): OperatorConfig =>
  operatorConfigSchema.parse({
    namespaces: [namespace],
    namespace,
    listen: { host: '127.0.0.1', health: 0, api: 0 },
    nodes: { image: 'node:1' },
    operator: { pod: { app: 'operator' } },
    logLevel: 'debug',
    ...more,
  })

export interface TestOperator extends RunningOperator {
  /** The last lines. */
  readonly lines: readonly string[]
  /** Ends it in order; resolves when it has ended. */
  stop(): Promise<'lost' | 'stopped'>
}

let born = 0

export async function startTestOperator(
  kubeconfig: string,
  config: OperatorConfig,
  more: Partial<Pick<OperatorOptions, 'watchTimes' | 'electionTimes' | 'pollTimes'>> = {},
): Promise<TestOperator> {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromString(kubeconfig)
  const lines: string[] = []
  const write = (line: string) => {
    lines.push(line.trimEnd())
    if (lines.length > MAX_LOG_LINES) lines.shift()
  }
  const stop = new AbortController()
  const operator = await startOperator({
    config,
    kubeConfig,
    log: new Log({ write, level: config.logLevel }),
    identity: `o${born++}`,
    stop: stop.signal,
    electionTimes: quickElection,
    pollTimes: quickPolls,
    ...more,
  })
  return {
    ...operator,
    lines,
    stop: () => {
      stop.abort()
      return operator.ended
    },
  }
}

export interface OperatorProcess {
  readonly child: ChildProcess
  readonly identity: string
  readonly lines: readonly string[]
  kill(signal: NodeJS.Signals): void
  /** Resolves with its exit code when it has ended; null when a signal ended it. */
  ended(): Promise<number | null>
}

const programs = {
  /** The program itself. */
  main: '../../operator/kubernetes/main.ts',
  /** The same with quick elections and polls. */
  quick: '../fixtures/quick-operator.ts',
} as const

/** `folder` takes its files. */
export function spawnOperator(
  program: keyof typeof programs,
  kubeconfig: string,
  config: OperatorConfig,
  folder: string,
): OperatorProcess {
  const identity = `p${born++}`
  const configFile = join(folder, `${identity}.json`)
  const kubeconfigFile = join(folder, `${identity}.kubeconfig`)
  writeFileSync(configFile, JSON.stringify(config))
  writeFileSync(kubeconfigFile, kubeconfig, { mode: 0o600 })
  const args = program === 'main' ? ['--config', configFile] : [kubeconfigFile, configFile, identity]
  const child = spawn(process.execPath, [resolve(import.meta.dirname, programs[program]), ...args], {
    env: { ...process.env, KUBECONFIG: kubeconfigFile, KUBERNETES_SERVICE_HOST: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  let rest = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const all = (rest + text).split('\n')
    rest = all.pop() ?? ''
    lines.push(...all)
    lines.splice(0, Math.max(0, lines.length - MAX_LOG_LINES))
  })
  const exit = once(child, 'exit')
  return {
    child,
    identity,
    lines,
    kill: signal => void child.kill(signal),
    ended: async () => {
      await exit
      return child.exitCode
    },
  }
}
