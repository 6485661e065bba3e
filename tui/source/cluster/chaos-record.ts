// The recorded run of an experiment, out of its ConfigMap.
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { MAX_RUN_BYTES, parseRunRecord, type RunRecord } from '../../../api/run.ts'
import type { StoredExperiment } from '../../../operator/kubernetes/chaos/stored-experiment.ts'
import { RECORD_KEY } from '../../../operator/kubernetes/runner/kept.ts'
import { ApiError } from '../../../operator/kubernetes/runtime/api-error.ts'
import { resources } from '../../../operator/kubernetes/runtime/resource.ts'
import type { Cluster } from './connect.ts'

const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)

/** The record, or why there is none, for a sentence after "no recorded run:". @throws ConnectionError, ApiError */
export async function fetchRecord(
  { api }: Cluster,
  { metadata, status }: StoredExperiment,
  signal: AbortSignal,
): Promise<{ readonly record: RunRecord } | { readonly none: string }> {
  const name = status?.record
  if (name === undefined) return { none: 'the runner kept none' }
  let packed: string | undefined
  try {
    const map = await api.get(resources.configMaps, { namespace: metadata.namespace, name }, signal)
    if (!map.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid))
      return { none: `ConfigMap ${name} is of another experiment` }
    packed = map.binaryData?.[RECORD_KEY]
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 403)) throw error
    return { none: error.status === 404 ? `ConfigMap ${name} was deleted` : `${error.message}` }
  }
  if (packed === undefined) return { none: `ConfigMap ${name} has no ${RECORD_KEY}` }
  try {
    const json = await unpack(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_RUN_BYTES })
    return { record: parseRunRecord(json.toString('utf8')) }
  } catch (error) {
    return { none: `what ConfigMap ${name} holds cannot be read: ${(error as Error).message}` }
  }
}
