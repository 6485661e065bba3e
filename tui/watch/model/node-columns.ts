// The columns of the node table.

import type { Tone } from '../../theme.ts'
import { stateMark } from '../../views/nodes.ts'
import type { Column } from './columns.ts'
import type { WatchedNode } from './picture.ts'
import { letterByNode, type Side, toneOfSide } from './sides.ts'

export interface NodeLine extends WatchedNode {
  /** Blocks behind the highest head; null when it does not tell. */
  readonly lag: number | null
  /** Letter of its side; empty when it does not tell. */
  readonly side: string
  /** Of its side, while there are several. */
  readonly sideTone: Tone | undefined
}

export function nodeLines(nodes: readonly WatchedNode[], sides: readonly Side[]): NodeLine[] {
  const letters = letterByNode(sides)
  const top = nodes.reduce((most, { height }) => Math.max(most, height ?? 0), 0)
  return nodes.map(node => {
    const side = letters.get(node.name) ?? ''
    const sideTone = side !== '' && sides.length > 1 ? toneOfSide(side) : undefined
    return { ...node, lag: node.height === null ? null : top - node.height, side, sideTone }
  })
}

const number = (value: number | null): string => (value === null ? '-' : String(value))
/** More blocks behind than a block takes through the network. */
const LAGS = 3

export const nodeColumns: readonly Column<NodeLine>[] = [
  { title: 'NAME', priority: 0, max: 32, cell: node => node.name },
  {
    title: 'STATE',
    priority: 1,
    cell: node => `${stateMark(node.state).glyph} ${node.state}`,
    tone: node => stateMark(node.state).tone,
    value: node => node.state,
  },
  { title: 'HEIGHT', priority: 0, right: true, cell: node => number(node.height), value: node => node.height },
  {
    title: 'LAG',
    priority: 2,
    right: true,
    cell: node => (node.lag !== null && node.lag >= LAGS ? `▲ ${node.lag}` : number(node.lag)),
    tone: node => (node.lag !== null && node.lag >= LAGS ? 'warn' : undefined),
    value: node => node.lag,
  },
  {
    title: 'HEAD',
    priority: 1,
    cell: node => (node.head === null ? '-' : `${node.side || '?'} ${node.head.slice(0, 8)}`),
    tone: node => node.sideTone,
    value: node => `${node.side}${node.head ?? ''}`,
  },
  {
    title: 'PEERS',
    priority: 3,
    right: true,
    cell: node => (node.inbound === null ? '-' : String(node.inbound + (node.outbound ?? 0))),
    tone: node => (node.inbound !== null && node.inbound + (node.outbound ?? 0) === 0 ? 'warn' : undefined),
    value: node => (node.inbound === null ? null : node.inbound + (node.outbound ?? 0)),
  },
  { title: 'MESH', priority: 5, right: true, cell: node => number(node.mesh), value: node => node.mesh },
  { title: 'FINAL', priority: 4, right: true, cell: node => number(node.finalized), value: node => node.finalized },
  { title: 'ROLE', priority: 6, cell: node => node.role },
  { title: 'REGION', priority: 7, cell: node => node.region },
  { title: 'RESTARTS', priority: 8, right: true, cell: node => String(node.restarts), value: node => node.restarts },
  {
    title: 'REORGS',
    priority: 9,
    right: true,
    cell: node => (node.reorgs ? `${node.reorgs} (max ${node.deepestReorg})` : number(node.reorgs)),
    value: node => node.reorgs,
  },
  { title: 'POOL', priority: 10, right: true, cell: node => number(node.pool), value: node => node.pool },
  { title: 'REASON', priority: 11, max: 48, cell: node => node.reason },
]
