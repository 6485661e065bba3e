// Finding 1: the fault did what it says. Without that nothing else in the run proves anything.
import type { Finding } from '../../api/verdict.ts'
import { clockBite } from './bite-clock.ts'
import { type Bite, lifecycleBite } from './bite-lifecycle.ts'
import { partitionBite } from './bite-partition.ts'
import { shapingBite } from './bite-shaping.ts'
import type { Observations, Window } from './observations.ts'
import { finding } from './wording.ts'

const { measured, unmeasured } = finding('bit', 'The fault bit')

export function bit(observations: Observations): Finding {
  const { record, windows } = observations
  const limit = 'every fault seen to act on its targets'
  const failures = record.windows.flatMap(window =>
    window.failures.map(({ node, message }) => `${window.fault}: ${node}: ${message}`),
  )
  if (failures.length > 0)
    return unmeasured('a fault could not be injected at all its targets', { limit, evidence: failures })
  const missing = record.experiment.faults.filter(
    ({ name }) => !windows.some(({ compiled }) => compiled.fault.name === name),
  )
  if (missing.length > 0) return unmeasured(`not injected: ${missing.map(({ name }) => name).join(', ')}`, { limit })

  const bites = windows.map(window => ({ name: window.compiled.fault.name, ...biteOf(observations, window) }))
  const evidence = bites.flatMap(({ name, lines }) => lines.map(line => `${name}: ${line}`))
  const figures = Object.assign({}, ...bites.map(bite => bite.figures))
  const lost = bites.find(({ bit }) => bit === false)
  if (lost) return measured(false, { value: `${lost.name} did not bite: ${lost.why}`, limit, figures, evidence })
  const unclear = bites.find(({ bit }) => bit === null)
  if (unclear) return unmeasured(`${unclear.name}: ${unclear.why}`, { limit, figures, evidence })
  return measured(true, { value: bites.map(({ why }) => why).join('; '), limit, figures, evidence })
}

function biteOf(observations: Observations, window: Window): Bite {
  switch (window.compiled.fault.action.kind) {
    case 'partition':
      return partitionBite(observations, window)
    case 'latency':
    case 'bandwidth':
    case 'loss':
      return shapingBite(observations, window)
    case 'clock':
      return clockBite(observations, window)
    default:
      return lifecycleBite(observations, window)
  }
}
