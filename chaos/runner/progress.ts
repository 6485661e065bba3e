// What the terminal shows while an experiment runs.
import type { PhaseName } from '../../api/run.ts'
import type { ChainView, HeadGroup } from '../convergence.ts'

export interface FaultProgress {
  readonly name: string
  readonly state: 'waiting' | 'injecting' | 'active' | 'lifting' | 'over' | 'failed'
  /** When the state is due to end, milliseconds since the epoch; null when nobody knows. */
  readonly until: number | null
  readonly targets: readonly string[]
  /** Of a partition: nodes that can still reach each other. */
  readonly sides: readonly (readonly string[])[]
}

export interface Progress {
  readonly phase: PhaseName
  /** What is being waited for. */
  readonly message: string
  /** When the phase gives up or ends, milliseconds since the epoch; null when nobody knows. */
  readonly until: number | null
  /** The chains the nodes follow in the last round, the highest head first: two are a visible partition. */
  readonly heads: readonly HeadGroup[]
  /** Of the nodes that answered in the last round. */
  readonly views: readonly ChainView[]
  /** Nodes that did not answer in the last round. */
  readonly silent: readonly string[]
  readonly faults: readonly FaultProgress[]
  readonly canaries: { readonly sent: number; readonly refused: number }
}
