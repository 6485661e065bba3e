// Which runner it is that acts. Two may live at one moment: one that was replaced may not know it yet, or its machine cannot
// reach the API server. The checkpoint's ConfigMap names its holder, whoever comes later takes it over, and every write
// carries the version that was read last: one that was replaced can put nothing on record any more, so it does nothing that
// has to be there first, and finds out.
import type { Api } from '../runtime/api.ts'
import { isConflict, isNotFound } from '../runtime/api-error.ts'
import { type ConfigMap, type ObjectName, resources } from '../runtime/resource.ts'
import type { Intent, Writer } from '../runtime/writer.ts'

/** Names the runner that a checkpoint is written by. */
export const HOLDER_ANNOTATION = 'trellis.dev/held-by'
/** Conflicts with writers that are no runners, or with others that come at the same moment. */
const MAX_TRIES = 8

/** Another runner goes on with the run: this one is to leave everything as it is. */
export class Superseded extends Error {
  override readonly name = 'Superseded'
}

export interface ClaimOptions {
  readonly api: Api
  readonly writer: Writer
  /** Of the ConfigMap. */
  readonly name: ObjectName
  /** The uid of the experiment: what is left of another one of its name, deleted a moment ago, is written over. */
  readonly owner: string
  /** This runner; no other has the name. */
  readonly holder: string
  /** The object but for its data and its holder. */
  readonly object: Intent<ConfigMap>
}

export class Claim {
  readonly #options: ClaimOptions
  #data: ConfigMap['binaryData']
  #version: string | undefined

  constructor(options: ClaimOptions) {
    this.#options = options
  }

  /** Takes it over from whoever has it. Resolves with what is kept in it. @throws ApiError, ConnectionError */
  async take(signal: AbortSignal): Promise<ConfigMap['binaryData']> {
    for (let tries = 1; ; tries++) {
      this.#remember(await this.#read(signal))
      try {
        await this.#put(signal)
        return this.#data
      } catch (error) {
        if (!isConflict(error) || tries === MAX_TRIES) throw error
      }
    }
  }

  /** @throws Superseded when another runner has it, ApiError, ConnectionError */
  async write(data: NonNullable<ConfigMap['binaryData']>, signal: AbortSignal): Promise<void> {
    for (let tries = 1; ; tries++) {
      this.#data = data
      try {
        return await this.#put(signal)
      } catch (error) {
        if (!isConflict(error) || tries === MAX_TRIES) throw error
        // Ours all the same: a label was added, or the answer to a write of ours was lost.
        this.#version = await this.check(signal)
      }
    }
  }

  /** The version that is stored, undefined when somebody deleted it. @throws Superseded, ApiError, ConnectionError */
  async check(signal: AbortSignal): Promise<string | undefined> {
    const found = await this.#read(signal)
    const holder = found?.metadata.annotations?.[HOLDER_ANNOTATION]
    if (found && holder !== this.#options.holder) throw new Superseded(`${holder} goes on with the run`)
    return found?.metadata.resourceVersion
  }

  async #read(signal: AbortSignal): Promise<ConfigMap | undefined> {
    const { api, name } = this.#options
    try {
      return await api.get(resources.configMaps, name, signal)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async #put(signal: AbortSignal): Promise<void> {
    const { writer, object, holder } = this.#options
    const { metadata } = object
    const annotations = { ...metadata.annotations, [HOLDER_ANNOTATION]: holder }
    const data = this.#data && { binaryData: this.#data }
    const version = this.#version
    // Of two that find none both make it: the first one of them finds out with its next write.
    const known = version && { resourceVersion: version }
    const intent = { ...object, ...data, metadata: { ...metadata, annotations, ...known } }
    this.#remember(await writer.apply(resources.configMaps, intent, signal))
  }

  #remember(map: ConfigMap | undefined): void {
    this.#data = map && this.#isOurs(map) ? map.binaryData : undefined
    this.#version = map?.metadata.resourceVersion
  }

  #isOurs({ metadata }: ConfigMap): boolean {
    return metadata.ownerReferences?.some(({ uid }) => uid === this.#options.owner) === true
  }
}
