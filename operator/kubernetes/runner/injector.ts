// Rules of the kernel, or the nodes themselves? Pure: what was found at each pod goes in.
import type { Experiment } from '../../../api/experiment.ts'
import type { LinkRow } from '../../../api/link.ts'
import type { TestnetFacts } from '../../../api/run.ts'
import { missingFor, type Primitive } from '../../../chaos/agent/preflight.ts'
import { actsOnLinks, compile, rowsOf, whyOnlyKernel } from '../../../chaos/matrix.ts'

export interface AgentFound {
  readonly node: string
  /** What its kernel can do; undefined when there is no agent, or it did not answer. */
  readonly primitives: readonly Primitive[] | undefined
  /** Why there are none. */
  readonly reason?: string
}

export interface Choice {
  readonly fidelity: 'kernel' | 'userspace'
  /** Why the kernel cannot do it; empty when it can. */
  readonly reasons: readonly string[]
}

const MAX_REASONS = 5

/** The rows that the experiment will need, by node; their ends say nothing. */
export function rowsNeeded(experiment: Experiment, { nodes }: TestnetFacts): Map<string, LinkRow[]> {
  const needed = new Map<string, LinkRow[]>()
  for (const compiled of compile(experiment, nodes).filter(actsOnLinks))
    for (const [node, row] of rowsOf(compiled, nodes, compiled.fault.name, 0))
      needed.set(node, [...(needed.get(node) ?? []), row])
  return needed
}

/** The kernel where every node that gets rows has an agent whose kernel can do them, else the nodes, unless the experiment says which. */
export function chooseInjector(
  injector: Experiment['injector'],
  needed: ReadonlyMap<string, readonly LinkRow[]>,
  found: readonly AgentFound[],
): Choice {
  if (injector === 'userspace') return { fidelity: 'userspace', reasons: [] }
  // Kills and skews are nobody's rules: whatever is asked for is true of them.
  if (needed.size === 0) return { fidelity: injector === 'kernel' ? 'kernel' : 'userspace', reasons: [] }
  const byNode = new Map(found.map(agent => [agent.node, agent]))
  const reasons = [...needed].flatMap(([node, rows]) => {
    const agent = byNode.get(node)
    if (!agent?.primitives) return [`${node}: ${agent?.reason ?? 'no net agent stands beside it'}`]
    const { primitives } = agent
    const missing = new Map(
      rows
        .flatMap(({ classes }) => classes)
        .flatMap(({ link, direction }) => missingFor(link, direction, primitives))
        .map(primitive => [primitive.name, primitive]),
    )
    if (missing.size === 0) return []
    const names = [...missing.values()].map(({ name, reason }) => (reason ? `${name} (${reason})` : name))
    return [`${node}: its kernel lacks ${names.join(', ')}`]
  })
  if (reasons.length === 0) return { fidelity: 'kernel', reasons: [] }
  const told = reasons.slice(0, MAX_REASONS)
  if (reasons.length > told.length) told.push(`and ${reasons.length - told.length} more nodes`)
  return { fidelity: 'userspace', reasons: told }
}

/** Why neither the one that is asked for nor another can make the faults; undefined when one can. */
export function whyUnsupported(
  { injector, faults }: Pick<Experiment, 'injector' | 'faults'>,
  { fidelity, reasons }: Choice,
): string | undefined {
  if (injector === 'kernel' && reasons.length > 0) return `injector: kernel cannot be: ${reasons.join('; ')}`
  const needed = faults.map(whyOnlyKernel).find(why => why !== undefined)
  if (fidelity === 'kernel' || needed === undefined) return undefined
  return `${needed}, and it cannot be the kernel: ${reasons.join('; ') || 'the experiment says `injector: userspace`'}`
}
