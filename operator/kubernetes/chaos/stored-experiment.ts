// The ChaosExperiment as the API server has it, and whether this operator understands it.
import { formatPath } from '../../../api/errors.ts'
import { type ChaosExperiment, experimentKind } from '../../../api/experiment.ts'
import { explain } from '../../../api/explain.ts'
import { apiVersion } from '../../../api/metadata.ts'
import type { ExperimentStatus } from '../../../api/status.ts'
import { type KubeObject, resource } from '../runtime/resource.ts'

/** Perhaps of an older or newer schema, so its spec is not trusted. */
export interface StoredExperiment extends KubeObject {
  readonly spec?: unknown
  readonly status?: ExperimentStatus
}
export interface ValidExperiment extends StoredExperiment {
  readonly spec: ChaosExperiment['spec']
}
export const experiments = resource<StoredExperiment>(apiVersion, 'ChaosExperiment', 'chaosexperiments')

/** Problems listed of one object. */
const MAX_PROBLEMS = 8

export type CheckedExperiment =
  | { readonly valid: ValidExperiment; readonly problems?: undefined }
  | { readonly valid?: undefined; readonly problems: readonly string[] }

/** The rules of a file hold for an object too: an older definition, or none of ours, may have let it in. */
export function checkStoredExperiment(stored: StoredExperiment): CheckedExperiment {
  const plain = {
    apiVersion,
    kind: experimentKind.kind,
    metadata: { name: stored.metadata.name },
    spec: stored.spec,
  }
  const { schema, check, hint = () => undefined } = experimentKind
  const parsed = schema.safeParse(plain)
  const faults = parsed.success
    ? (check?.(parsed.data) ?? [])
    : parsed.error.issues.flatMap(issue => explain(issue, schema, plain, hint))
  if (parsed.success && faults.length === 0) return { valid: { ...stored, spec: parsed.data.spec } }
  return { problems: told(faults) }
}

/** One line a problem: its place, what is wrong and the mend. */
export function told(
  faults: readonly { readonly path: readonly (string | number)[]; readonly message: string; readonly mend: string }[],
): string[] {
  const lines = faults.map(({ path, message, mend }) => `${formatPath([...path])} ${message}: ${mend}`)
  const rest = lines.length - MAX_PROBLEMS
  return rest > 0 ? [...lines.slice(0, MAX_PROBLEMS), `and ${rest} more`] : lines
}

/** The testnet it names, when it names one. */
export function testnetOf({ spec }: StoredExperiment): string | undefined {
  const name = (spec as { testnet?: unknown } | undefined)?.testnet
  return typeof name === 'string' ? name : undefined
}
