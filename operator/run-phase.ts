// The phases of a run as people know them: those of a ChaosExperiment's status.
import type { PhaseName } from '../api/run.ts'
import type { Phase } from '../api/status.ts'

export const phaseOf = {
  preflight: 'SteadyState',
  'steady-state': 'SteadyState',
  inject: 'Injecting',
  heal: 'Healing',
  observe: 'Healing',
  done: 'Healing',
} as const satisfies Readonly<Record<PhaseName, Phase>>
