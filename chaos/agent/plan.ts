// What the kernel shall hold, all parts of it named. The compilers turn it into text.
import { type Numbers, number } from './numbers.ts'
import { type ActiveRow, type Part, partsOf } from './parts.ts'
import { type Steering, steer } from './steering.ts'

export interface Numbering {
  readonly parts: Numbers
  readonly shapes: Numbers
}

export interface KernelPlan {
  readonly parts: readonly (Part & { readonly number: number })[]
  /** The most severe first. */
  readonly steering: readonly (Steering & { readonly minor: number })[]
  /** Outgoing packets of some part get lost: they are led to a class that swallows them. */
  readonly loses: boolean
  readonly numbering: Numbering
}

/** @param before the numbers of what the kernel holds now, so that counters and queues that stay are left alone */
export function planKernel(rows: readonly ActiveRow[], before: Numbering): KernelPlan {
  const parts = partsOf(rows)
  const steering = steer(parts)
  const numbering = {
    parts: number(
      parts.map(({ key }) => key),
      before.parts,
    ),
    shapes: number(
      steering.map(({ key }) => key),
      before.shapes,
    ),
  }
  return {
    parts: parts.map(part => ({ ...part, number: numbering.parts.get(part.key)! })),
    steering: steering.map(entry => ({ ...entry, minor: numbering.shapes.get(entry.key)! })),
    loses: parts.some(({ direction, link }) => direction === 'out' && !link.drop && (link.loss ?? 0) > 0),
    numbering,
  }
}

export const noNumbers: Numbering = { parts: new Map(), shapes: new Map() }
