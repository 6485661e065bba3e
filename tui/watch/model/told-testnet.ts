// What the operator's stream of a testnet has told so far: first the whole picture, then what changed. Pure.
import type { NodeEvent } from '../../../api/observation.ts'
import type { NodeView, TestnetView } from '../../../api/read-api.ts'

export interface ToldTestnet {
  readonly testnet: TestnetView | undefined
  /** By name, in the order of the groups. */
  readonly nodes: ReadonlyMap<string, NodeView>
}

export const nothingTold: ToldTestnet = { testnet: undefined, nodes: new Map() }

export type Frame =
  | { readonly kind: 'testnet'; readonly testnet: TestnetView }
  | { readonly kind: 'nodes'; readonly nodes: readonly NodeView[] }
  | { readonly kind: 'gone'; readonly names: readonly string[] }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'node'; readonly node: string; readonly event: NodeEvent }

/** Undefined for what this version does not know, or cannot read. */
export function frameOf(kind: string, data: string): Frame | undefined {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (kind === 'testnet') return { kind, testnet: value as TestnetView }
  if (kind === 'deleted') return { kind }
  if (kind === 'node') {
    const { node, ...event } = value as { readonly node: string } & NodeEvent
    return { kind, node, event: event as NodeEvent }
  }
  if (!Array.isArray(value)) return undefined
  if (kind === 'nodes') return { kind, nodes: value as NodeView[] }
  return kind === 'gone' ? { kind, names: value as string[] } : undefined
}

/** `told` with what the frame says. */
export function withFrame(told: ToldTestnet, frame: Frame): ToldTestnet {
  switch (frame.kind) {
    case 'testnet':
      return { ...told, testnet: frame.testnet }
    case 'nodes': {
      const nodes = new Map(told.nodes)
      for (const node of frame.nodes) nodes.set(node.name, node)
      return { ...told, nodes }
    }
    case 'gone': {
      const nodes = new Map(told.nodes)
      for (const name of frame.names) nodes.delete(name)
      return { ...told, nodes }
    }
    case 'deleted':
      return nothingTold
    case 'node':
      return told
  }
}
