// What outlives the runner's process: ConfigMaps, owned by the experiment. The checkpoint is for its successor, the record
// for people and for `trellis chaos judge`.
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { RunRecord } from '../../../api/run.ts'
import { type Checkpoint, checkpointSchema } from '../../../chaos/runner/checkpoint.ts'
import { MAX_DATA_BYTES } from '../build/configuration.ts'
import { checkpointObject, recordObject, runnerLabels } from '../chaos/names.ts'
import { experiments, type StoredExperiment } from '../chaos/stored-experiment.ts'
import type { Api } from '../runtime/api.ts'
import { isNotFound } from '../runtime/api-error.ts'
import { controlledBy } from '../runtime/owner.ts'
import { type ConfigMap, resources } from '../runtime/resource.ts'
import type { Writer } from '../runtime/writer.ts'
import { cutRecord } from './cut-record.ts'
import { persistently } from './persistently.ts'

export const CHECKPOINT_KEY = 'checkpoint.json.gz'
export const RECORD_KEY = 'run.json.gz'
/** A checkpoint that a runner wrote takes some hundred bytes a node; one of this size was not written by it. */
const MAX_CHECKPOINT_BYTES = 16 * 1024 * 1024
/** Without a checkpoint nothing may be done: the run waits so long for the API server. */
const CHECKPOINT_WITHIN_MS = 15_000
const RECORD_WITHIN_MS = 30_000

const pack = promisify(gzip)
const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)

export class Kept {
  readonly #api: Api
  readonly #writer: Writer
  readonly #owner: StoredExperiment

  constructor(api: Api, writer: Writer, owner: StoredExperiment) {
    this.#api = api
    this.#writer = writer
    this.#owner = owner
  }

  /** That of a runner before this one; undefined when there was none. @throws Error when it cannot be read */
  async checkpoint(signal: AbortSignal): Promise<Checkpoint | undefined> {
    const { namespace, name, uid } = this.#owner.metadata
    try {
      const map = await this.#api.get(resources.configMaps, { namespace, name: checkpointObject(name) }, signal)
      // Of an experiment of the same name that was deleted a moment ago.
      if (map.metadata.ownerReferences?.some(owner => owner.uid === uid) !== true) return undefined
      const text = map.binaryData?.[CHECKPOINT_KEY]
      if (text === undefined) return undefined
      const json = await unpack(Buffer.from(text, 'base64'), { maxOutputLength: MAX_CHECKPOINT_BYTES })
      return checkpointSchema.parse(JSON.parse(json.toString('utf8')))
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** Resolves once it is stored. @throws what the API server said last */
  async saveCheckpoint(checkpoint: Checkpoint, signal: AbortSignal): Promise<void> {
    const bytes = await pack(JSON.stringify(checkpoint))
    await this.#save(checkpointObject(this.#owner.metadata.name), CHECKPOINT_KEY, bytes, CHECKPOINT_WITHIN_MS, signal)
  }

  /** Name of the ConfigMap with the record, of which the middle is left out where it is too large. @throws as above */
  async saveRecord(record: RunRecord, signal: AbortSignal): Promise<string> {
    const name = recordObject(this.#owner.metadata.name)
    const bytes = await cutRecord(record, MAX_DATA_BYTES, async cut => await pack(JSON.stringify(cut)))
    await this.#save(name, RECORD_KEY, bytes, RECORD_WITHIN_MS, signal)
    return name
  }

  async #save(name: string, key: string, bytes: Buffer, withinMs: number, signal: AbortSignal): Promise<void> {
    const { metadata } = this.#owner
    const { apiVersion, kind } = experiments
    const map: ConfigMap & { apiVersion: string; kind: string } = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        namespace: metadata.namespace ?? '',
        labels: runnerLabels(metadata.name),
        ownerReferences: [controlledBy({ apiVersion, kind, metadata })],
      },
      binaryData: { [key]: bytes.toString('base64') },
    }
    await persistently(withinMs, signal, () => this.#writer.apply(resources.configMaps, map, signal))
  }
}
