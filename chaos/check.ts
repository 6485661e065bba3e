// What is wrong with an experiment for the testnet it names: faults with their place in the document and the mend.

import type { Fault, Path } from '../api/errors.ts'
import type { ChaosExperiment } from '../api/experiment.ts'
import { MAX_FAULT_MS, resolveExperiment } from '../api/experiment.ts'
import { didYouMean } from '../api/explain.ts'
import { milliseconds } from '../api/units.ts'
import { compile, lengthOf, staggerOf, whyOnlyKernel } from './matrix.ts'
import type { SelectableNode } from './select.ts'
import { fewestNodes } from './shapes/index.ts'

/** Empty when the experiment can run on these nodes. The document must have passed `checkExperiment`. */
export function checkAgainst(experiment: ChaosExperiment, testnet: string, nodes: readonly SelectableNode[]): Fault[] {
  const { spec } = experiment
  const faults: Fault[] = []
  if (spec.testnet !== testnet)
    faults.push({
      path: ['spec', 'testnet'],
      message: `\`${spec.testnet}\` is not the testnet at hand, \`${testnet}\``,
      mend: `write \`testnet: ${testnet}\` or name the other one`,
    })
  const known = {
    groups: unique(nodes.map(({ group }) => group)),
    roles: unique(nodes.map(({ role }) => role)),
    regions: unique(nodes.map(({ region }) => region)),
    names: nodes.map(({ name }) => name),
  }
  const unknown = (path: Path, what: string, value: string, valid: readonly string[]): Fault => ({
    path,
    message: `the testnet has no ${what} \`${value}\``,
    mend: didYouMean(value, valid) ?? `it has ${valid.slice(0, 16).join(', ')}${valid.length > 16 ? ', ...' : ''}`,
  })
  const compiled = compile(resolveExperiment(experiment), nodes)
  for (const [index, fault] of spec.faults.entries()) {
    const path: Path = ['spec', 'faults', index]
    const before = faults.length
    for (const criterion of ['groups', 'roles', 'regions', 'names'] as const) {
      for (const [position, value] of (fault.select?.[criterion] ?? []).entries()) {
        if (!known[criterion].includes(value))
          faults.push(
            unknown([...path, 'select', criterion, position], criterion.slice(0, -1), value, known[criterion]),
          )
      }
    }
    for (const [side, list] of (fault.partition?.groups ?? []).entries()) {
      for (const [position, group] of list.entries()) {
        if (!known.groups.includes(group))
          faults.push(unknown([...path, 'partition', 'groups', side, position], 'group', group, known.groups))
      }
    }
    if (faults.length > before) continue
    const { selected, targets } = compiled[index]!
    const fewest = fault.partition ? fewestNodes[fault.partition.shape] : 1
    if (selected.size === 0) {
      faults.push({
        path: [...path, 'select'],
        message: 'no node matches all its criteria',
        mend: 'remove one of them',
      })
    } else if (selected.size < fewest) {
      faults.push({
        path: [...path, 'select'],
        message: `${selected.size} nodes are too few for shape \`${fault.partition?.shape}\`, which needs ${fewest}`,
        mend: 'select more nodes or choose another shape',
      })
    } else if (targets.length === 0) {
      faults.push({
        path,
        message: 'cuts no link',
        mend: 'a testnet of more nodes, another shape or another selection is needed',
      })
    }
    const end = compiled[index]!.fault.atMs + lengthOf(compiled[index]!)
    const bound = spec.duration === undefined ? MAX_FAULT_MS : milliseconds(spec.duration)
    if (staggerOf(compiled[index]!) > 0 && end > bound) {
      const run = spec.duration ?? '24h'
      faults.push({
        path: [...path, compiled[index]!.fault.action.kind, 'stagger'],
        message: `with ${targets.length} targets the fault ends ${end / 1_000}s after the start, but the run allows ${run}`,
        mend: `choose a smaller stagger or fewer targets${spec.duration === undefined ? '' : ', or raise spec.duration'}`,
      })
    }
  }
  return faults
}

/** What of an experiment only a cluster offers. */
export function checkForMachine(document: ChaosExperiment): Fault[] {
  const { spec } = document
  const faults: Fault[] = []
  for (const field of ['schedule', 'repeat'] as const)
    if (spec[field] !== undefined)
      faults.push({
        path: ['spec', field],
        atKey: true,
        message: `is for clusters: on this machine nobody stays to start the runs`,
        mend: 'remove it for a single run, or apply the experiment to a cluster',
      })
  for (const [index, fault] of resolveExperiment(document).faults.entries())
    if (whyOnlyKernel(fault) !== undefined)
      faults.push({
        path: ['spec', 'faults', index, 'latency', 'reordering'],
        message: `${whyOnlyKernel(fault)}, and the net agent is in clusters only`,
        mend: 'remove it, or apply the experiment to a cluster',
      })
  for (const [index, { kill }] of spec.faults.entries())
    if (kill?.how === 'pod')
      faults.push({
        path: ['spec', 'faults', index, 'kill', 'how'],
        message: 'there are no pods on this machine',
        mend: 'write `process`',
      })
  if (spec.injector === 'kernel')
    faults.push({
      path: ['spec', 'injector'],
      message: 'needs the net agent beside the nodes, which is in clusters only',
      mend: 'write `auto` or `userspace`; the verdict then says `fidelity: userspace`',
    })
  return faults
}

const unique = (values: readonly string[]): string[] => [...new Set(values)]
