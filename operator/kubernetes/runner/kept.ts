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
import { controlledBy } from '../runtime/owner.ts'
import { type ConfigMap, resources } from '../runtime/resource.ts'
import type { Intent, Writer } from '../runtime/writer.ts'
import { Claim } from './claim.ts'
import { cutRecord } from './cut-record.ts'
import { persistently } from './persistently.ts'

export const CHECKPOINT_KEY = 'checkpoint.json.gz'
export const RECORD_KEY = 'run.json.gz'
/** A checkpoint that a runner wrote takes some hundred bytes a node; one of this size was not written by it. */
const MAX_CHECKPOINT_BYTES = 16 * 1024 * 1024
/** Without a checkpoint nothing may be done: the run waits so long for the API server. */
const CHECKPOINT_WITHIN_MS = 15_000
const NOTE_WITHIN_MS = 2_000
const RECORD_WITHIN_MS = 30_000

const pack = promisify(gzip)
const checkpointData = async (checkpoint: Checkpoint): Promise<Record<string, string>> => ({
  [CHECKPOINT_KEY]: (await pack(JSON.stringify(checkpoint))).toString('base64'),
})
const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)

export class Kept {
  readonly #writer: Writer
  readonly #owner: StoredExperiment
  readonly #claim: Claim
  #saving: Promise<void> = Promise.resolve()
  #noting = false

  /** `holder`: this runner; no other has the name. */
  constructor(api: Api, writer: Writer, owner: StoredExperiment, holder: string) {
    this.#writer = writer
    this.#owner = owner
    const { namespace, uid = '', name } = owner.metadata
    const object = this.#object(checkpointObject(name))
    this.#claim = new Claim({
      api,
      writer,
      holder,
      owner: uid,
      object,
      name: { namespace, name: object.metadata.name },
    })
  }

  /**
   * Makes this runner the one that acts. Resolves with the checkpoint of the one before it; undefined when there was none.
   * @throws what the API server said last, Error when the checkpoint cannot be read
   */
  async takeOver(signal: AbortSignal): Promise<Checkpoint | undefined> {
    const data = await this.#claim.take(signal)
    const text = data?.[CHECKPOINT_KEY]
    if (text === undefined) return undefined
    const json = await unpack(Buffer.from(text, 'base64'), { maxOutputLength: MAX_CHECKPOINT_BYTES })
    return checkpointSchema.parse(JSON.parse(json.toString('utf8')))
  }

  /** Resolves while this runner is the one that acts. @throws Superseded, ApiError, ConnectionError */
  async check(signal: AbortSignal): Promise<void> {
    await this.#claim.check(signal)
  }

  /** Resolves once it is stored; one after the other. @throws Superseded, what the API server said last */
  async saveCheckpoint(checkpoint: Checkpoint, signal: AbortSignal): Promise<void> {
    const saved = this.#saving.then(async () => {
      const data = await checkpointData(checkpoint)
      await persistently(CHECKPOINT_WITHIN_MS, signal, () => this.#claim.write(data, signal))
    })
    this.#saving = saved.catch(() => {})
    await saved
  }

  /** The same, but not while another one is stored, and only tried once. */
  noteCheckpoint(checkpoint: Checkpoint, signal: AbortSignal): void {
    if (this.#noting) return
    this.#noting = true
    this.#saving = this.#saving
      .then(async () => {
        const soon = AbortSignal.any([signal, AbortSignal.timeout(NOTE_WITHIN_MS)])
        await this.#claim.write(await checkpointData(checkpoint), soon)
      })
      // Who was replaced finds out otherwise, and a newer one is not far.
      .catch(() => {})
      .finally(() => {
        this.#noting = false
      })
  }

  /** Name of the ConfigMap with the record, of which the middle is left out where it is too large. @throws as above */
  async saveRecord(record: RunRecord, signal: AbortSignal): Promise<string> {
    const name = recordObject(this.#owner.metadata.name)
    const bytes = await cutRecord(record, MAX_DATA_BYTES, async cut => await pack(JSON.stringify(cut)))
    const map = { ...this.#object(name), binaryData: { [RECORD_KEY]: bytes.toString('base64') } }
    await persistently(RECORD_WITHIN_MS, signal, () => this.#writer.apply(resources.configMaps, map, signal))
    return name
  }

  #object(name: string): Intent<ConfigMap> {
    const { metadata } = this.#owner
    const { apiVersion, kind } = experiments
    return {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        namespace: metadata.namespace ?? '',
        labels: runnerLabels(metadata.name),
        ownerReferences: [controlledBy({ apiVersion, kind, metadata })],
      },
    }
  }
}
