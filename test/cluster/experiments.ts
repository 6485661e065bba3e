// Experiments of a case on one of its testnets: applied, followed until they are in force, and to their end.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { type ExperimentStatus, endPhases } from '../../api/status.ts'
import { EXPERIMENT_LABEL } from '../../operator/kubernetes/chaos/names.ts'
import { experiments, type StoredExperiment } from '../../operator/kubernetes/chaos/stored-experiment.ts'
import { type Pod, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { type Changes, change, create, get, list, remove } from './cluster-api.ts'
import type { RunningTestnet } from './testnets.ts'

export interface Example {
  readonly metadata: { readonly name: string }
  readonly spec: Readonly<Record<string, unknown>>
}

/** A file below examples/, without its ending. */
export const example = async (name: string): Promise<Example> =>
  parse(await readFile(join(import.meta.dirname, '../../examples', `${name}.yaml`), 'utf8')) as Example

export const isOver = ({ phase }: ExperimentStatus): boolean => endPhases.some(end => end === phase)

export class Experiments {
  readonly #testnet: RunningTestnet

  constructor(testnet: RunningTestnet) {
    this.#testnet = testnet
  }

  /** Of an attempt before this one nothing is left. */
  async apply(name: string, spec: Changes): Promise<void> {
    const { apiVersion, kind } = experiments
    const metadata = { namespace: this.#testnet.namespace, name }
    await remove(experiments, metadata)
    await this.#testnet.until(`${name} is nobody's name`, 60_000, async () => !(await get(experiments, metadata)))
    const whole = { testnet: this.#testnet.name, ...spec }
    await create(experiments, { apiVersion, kind, metadata, spec: whole } as StoredExperiment)
  }

  async status(name: string): Promise<ExperimentStatus> {
    return (await get(experiments, { namespace: this.#testnet.namespace, name }))?.status ?? {}
  }

  async abort(name: string): Promise<void> {
    await change(experiments, { namespace: this.#testnet.namespace, name }, { spec: { abort: true } })
  }

  /** Every fault is in force at all its targets. @throws Error when it ends before */
  async untilInForce(name: string, withinMs = 150_000): Promise<void> {
    await this.#testnet.until(`the faults of ${name} are in force`, withinMs, async () => {
      const now = await this.status(name)
      if (isOver(now)) throw new Error(`it ended before its faults: ${JSON.stringify(now)}`)
      return now.phase === 'Injecting' && now.faults?.every(({ injected, targets }) => injected === targets)
    })
  }

  async untilOver(name: string, withinMs = 180_000): Promise<ExperimentStatus> {
    return await this.#testnet.until(`${name} is over`, withinMs, async () => {
      const now = await this.status(name)
      return isOver(now) && now
    })
  }

  /** The pods of its runners, whatever became of them. */
  async runners(name: string): Promise<Pod[]> {
    return await list(resources.pods, this.#testnet.namespace, `${EXPERIMENT_LABEL}=${name}`)
  }
}
