// The ChaosExperiment as the API server has it, and whether this operator understands it.
import { type ChaosExperiment, experimentKind } from '../../../api/experiment.ts'
import { apiVersion } from '../../../api/metadata.ts'
import type { ExperimentStatus } from '../../../api/status.ts'
import { type KubeObject, resource } from '../runtime/resource.ts'
import { checkDocument } from '../stored-document.ts'

/** Perhaps of an older or newer schema, so its spec is not trusted. */
export interface StoredExperiment extends KubeObject {
  readonly spec?: unknown
  readonly status?: ExperimentStatus
}
export interface ValidExperiment extends StoredExperiment {
  readonly spec: ChaosExperiment['spec']
}
export const experiments = resource<StoredExperiment>(apiVersion, 'ChaosExperiment', 'chaosexperiments')

export type CheckedExperiment =
  | { readonly valid: ValidExperiment; readonly problems?: undefined }
  | { readonly valid?: undefined; readonly problems: readonly string[] }

/** The rules of a file hold for an object too. */
export function checkStoredExperiment(stored: StoredExperiment): CheckedExperiment {
  const { value, problems } = checkDocument(experimentKind, stored.metadata.name, stored.spec)
  return value ? { valid: { ...stored, spec: value.spec } } : { problems }
}

/** The testnet it names, when it names one. */
export function testnetOf({ spec }: StoredExperiment): string | undefined {
  const name = (spec as { testnet?: unknown } | undefined)?.testnet
  return typeof name === 'string' ? name : undefined
}
