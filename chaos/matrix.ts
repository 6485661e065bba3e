// Faults -> link matrix -> one row per node.
import { type Experiment, type ExperimentFault, lifecycleKinds } from '../api/experiment.ts'
import { composeLinks, type Link, type LinkClass, type LinkPeer, type LinkRow, openLink } from '../api/link.ts'
import { seededRng } from '../api/random.ts'
import { drops, type Grudge } from './grudge.ts'
import { type SelectableNode, selectNodes } from './select.ts'
import { grudgeOf } from './shapes/index.ts'

/** A fault with its random choices made. */
export interface CompiledFault {
  readonly fault: ExperimentFault
  /** Nodes the fault is aimed at, in the testnet's order; of a partition, those that do not hear somebody or are not heard. */
  readonly targets: readonly string[]
  readonly grudge: Grudge
  readonly selected: ReadonlySet<string>
}

/** Makes the random choices of every fault, each from the experiment's seed and the fault's name: adding a fault changes no other. */
export function compile(
  experiment: Pick<Experiment, 'seed' | 'faults'>,
  nodes: readonly SelectableNode[],
): CompiledFault[] {
  return experiment.faults.map(fault => compileFault(fault, nodes, experiment.seed))
}

function compileFault(fault: ExperimentFault, nodes: readonly SelectableNode[], seed: string): CompiledFault {
  const rng = seededRng(`${seed}/${fault.name}`)
  const chosen = selectNodes(nodes, fault.select, rng)
  const selected = new Set(chosen.map(({ name }) => name))
  const { action } = fault
  if (action.kind !== 'partition') return { fault, targets: [...selected], grudge: new Map(), selected }
  const grudge = grudgeOf(action, chosen, nodes, rng)
  const heardNot = new Set([...grudge.values()].flatMap(set => [...set]))
  const targets = nodes.map(({ name }) => name).filter(name => heardNot.has(name) || (grudge.get(name)?.size ?? 0) > 0)
  return { fault, targets, grudge, selected }
}

/** True for faults that act on links; the others act on processes or their clocks. */
export const actsOnLinks = ({ fault }: CompiledFault): boolean =>
  fault.action.kind !== 'clock' && !actsOnProcesses({ fault })

/** Why nodes cannot do the fault to their own streams; undefined when they can. */
export const whyOnlyKernel = ({ action }: ExperimentFault): string | undefined =>
  action.kind === 'latency' && (action.reordering ?? 0) > 0
    ? 'reordering needs the kernel: the streams that nodes delay keep their order'
    : undefined

/** True for faults that end, stop or restart processes. */
export const actsOnProcesses = ({ fault }: Pick<CompiledFault, 'fault'>): boolean =>
  lifecycleKinds.some(kind => kind === fault.action.kind)

/** Milliseconds from one target's turn to the next one's; 0 when all are hit at once. */
export const staggerOf = ({ fault: { action } }: Pick<CompiledFault, 'fault'>): number =>
  'staggerMs' in action ? (action.staggerMs ?? 0) : 0

/** Milliseconds from the first target's hit to the last one's release. */
export const lengthOf = (compiled: Pick<CompiledFault, 'fault' | 'targets'>): number =>
  compiled.fault.durationMs + staggerOf(compiled) * Math.max(0, compiled.targets.length - 1)

/** When the last fault is over, milliseconds after the start of the injection phase. */
export const endOf = (faults: readonly CompiledFault[]): number =>
  Math.max(...faults.map(compiled => compiled.fault.atMs + lengthOf(compiled)))

/**
 * What one fault does to the traffic from one node to another. Latency, loss and bandwidth act on both directions
 * of every link with a selected end, once, however many of its ends are selected.
 */
export function linkUnder({ fault: { action }, grudge, selected }: CompiledFault, from: string, to: string): Link {
  if (action.kind === 'partition') return drops(grudge, from, to) ? { drop: true } : openLink
  if (from === to || !(selected.has(from) || selected.has(to))) return openLink
  switch (action.kind) {
    case 'latency': {
      const { delayMs, jitterMs, correlation, reordering = 0 } = action
      return {
        drop: false,
        delayMs,
        ...(jitterMs > 0 && { jitterMs }),
        ...(correlation > 0 && { correlation }),
        ...(reordering > 0 && { reordering }),
      }
    }
    case 'bandwidth':
      return { drop: false, rate: action.rate }
    case 'loss':
      return { drop: false, loss: action.loss }
    default:
      return openLink
  }
}

/** The link from one node to another under all the faults together: the matrix, entry by entry. */
export function linkBetween(faults: readonly CompiledFault[], from: string, to: string): Link {
  return faults.reduce<Link>((link, fault) => composeLinks(link, linkUnder(fault, from, to)), openLink)
}

/** Faults in force so long after the start of the injection phase. */
export function activeAt(faults: readonly CompiledFault[], elapsedMs: number): CompiledFault[] {
  return faults.filter(
    compiled => compiled.fault.atMs <= elapsedMs && elapsedMs < compiled.fault.atMs + lengthOf(compiled),
  )
}

/** Nodes that a kill or a pause is due to hold so long after the start: those whose turn it is. */
export function stoppedAt(faults: readonly CompiledFault[], elapsedMs: number): Set<string> {
  return new Set(
    faults.flatMap(compiled => {
      const { atMs, durationMs, action } = compiled.fault
      if (action.kind !== 'kill' && action.kind !== 'pause') return []
      const stagger = staggerOf(compiled)
      return compiled.targets.filter((_, turn) => {
        const since = elapsedMs - atMs - turn * stagger
        return since >= 0 && since < durationMs
      })
    }),
  )
}

/** Row id of a fault: rows with different ids compose in the node. */
export const rowId = (experiment: string, fault: string): string => `${experiment}.${fault}`

/**
 * Rows of one fault for the nodes that get any. A drop stands at both ends, so that one that is late or lost does not
 * undo it; everything else stands at the sender alone, or it would count twice. Equal links share a class.
 */
export function rowsOf(
  compiled: CompiledFault,
  peers: readonly LinkPeer[],
  id: string,
  endsAt: number,
): Map<string, LinkRow> {
  const rows = new Map<string, LinkRow>()
  for (const { name } of peers) {
    const classes = new Map<string, { direction: 'in' | 'out'; link: Link; peers: LinkPeer[] }>()
    const add = (direction: 'in' | 'out', link: Link, peer: LinkPeer): void => {
      const key = `${direction} ${JSON.stringify(link)}`
      const same = classes.get(key)
      if (same) same.peers.push(peer)
      else classes.set(key, { direction, link, peers: [peer] })
    }
    for (const peer of peers) {
      if (peer.name === name) continue
      const out = linkUnder(compiled, name, peer.name)
      if (!isOpen(out)) add('out', out, peer)
      if (linkUnder(compiled, peer.name, name).drop) add('in', { drop: true }, peer)
    }
    if (classes.size > 0) rows.set(name, { id, endsAt, classes: [...classes.values()] satisfies LinkClass[] })
  }
  return rows
}

const isOpen = ({ drop, delayMs, jitterMs, loss, rate }: Link): boolean =>
  !drop && !delayMs && !jitterMs && !loss && rate === undefined
