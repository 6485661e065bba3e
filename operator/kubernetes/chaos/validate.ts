// Whether an experiment can run on its testnet, and the plan of its run when it can. Pure.
import { actionKinds } from '../../../api/experiment.ts'
import { MAX_RUN_NODES } from '../../../api/run.ts'
import type { ExperimentStatus } from '../../../api/status.ts'
import { milliseconds } from '../../../api/units.ts'
import { checkAgainst } from '../../../chaos/check.ts'
import { compile, lengthOf } from '../../../chaos/matrix.ts'
import { placements } from '../../testnet/expand.ts'
import { told } from '../stored-document.ts'
import { checkStored } from '../testnet/stored-testnet.ts'
import type { StoredTestnet, ValidTestnet } from '../testnet/world.ts'
import { experimentOf, longestRun } from './deadlines.ts'
import type { ValidExperiment } from './stored-experiment.ts'

export type Plan = NonNullable<ExperimentStatus['plan']>

/** Why it never can; undefined when it can. */
export function whyNot(
  experiment: ValidExperiment,
  testnet: ValidTestnet,
): { reason: string; message: string } | undefined {
  const nodes = placementsOf(testnet)
  if (nodes.length > MAX_RUN_NODES)
    return {
      reason: 'TooLarge',
      message: `the testnet has ${nodes.length} nodes, and the record of a run holds ${MAX_RUN_NODES}: use a smaller one`,
    }
  if (experiment.spec.injector === 'kernel' && !testnet.spec.chaos?.kernel)
    return {
      reason: 'Unsupported',
      message: `Testnet ${testnet.metadata.name} does not allow faults made by the kernel: set its spec.chaos.kernel to true, or write \`injector: auto\``,
    }
  const document = {
    apiVersion: 'trellis.dev/v1alpha1',
    kind: 'ChaosExperiment',
    metadata: { name: experiment.metadata.name },
    spec: experiment.spec,
  } as const
  const faults = checkAgainst(document, testnet.metadata.name, nodes)
  return faults.length === 0 ? undefined : { reason: 'Invalid', message: told(faults).join('; ') }
}

/** What is decided when its turn comes. `now`: milliseconds since the epoch. */
export function planOf(experiment: ValidExperiment, testnet: ValidTestnet, now: number): Plan {
  const values = experimentOf(experiment)
  const compiled = compile(values, placementsOf(testnet))
  const length = longestRun(values, compiled, milliseconds(testnet.spec.chain.blockInterval))
  return {
    seed: values.seed,
    endsBy: new Date(now + length).toISOString(),
    faults: compiled.map(each => ({
      name: each.fault.name,
      action: actionKinds.find(kind => kind === each.fault.action.kind)!,
      targets: each.targets.length,
      at: seconds(each.fault.atMs),
      until: seconds(each.fault.atMs + lengthOf(each)),
    })),
  }
}

export type TestnetStanding =
  | { readonly is: 'ready'; readonly testnet: ValidTestnet }
  | { readonly is: 'waiting'; readonly testnet: ValidTestnet; readonly message: string }
  /** There is none, or none that this operator understands. */
  | { readonly is: 'absent'; readonly message: string }

/** `finalizing`: whether it must finalize to be ready. */
export function standingOf(name: string, stored: StoredTestnet | undefined, finalizing: boolean): TestnetStanding {
  if (!stored) return { is: 'absent', message: `there is no Testnet ${name} in this namespace` }
  if (stored.metadata.deletionTimestamp) return { is: 'absent', message: `Testnet ${name} is being deleted` }
  const checked = checkStored(stored)
  if (!checked.valid) return { is: 'absent', message: `Testnet ${name} is not right: ${checked.problems.join('; ')}` }
  const { conditions = [] } = stored.status ?? {}
  const needed = finalizing ? ['Ready'] : ['Provisioned', 'Connected', 'Converged']
  for (const type of needed) {
    const condition = conditions.find(each => each.type === type)
    const current = (condition?.observedGeneration ?? 0) >= (stored.metadata.generation ?? 0)
    if (condition?.status === 'True' && current) continue
    const why = condition && current ? `${condition.reason}: ${condition.message}` : 'nothing is known of it yet'
    return { is: 'waiting', testnet: checked.valid, message: `Testnet ${name} is not ${type}: ${why}` }
  }
  return { is: 'ready', testnet: checked.valid }
}

const placementsOf = ({ metadata, spec }: ValidTestnet) =>
  placements({ apiVersion: 'trellis.dev/v1alpha1', kind: 'Testnet', metadata: { name: metadata.name }, spec })

const seconds = (ms: number): string => `${ms / 1_000}s`
