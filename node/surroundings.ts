// What every part of one node shares.
import type { NodeConfig } from '../api/node-config.ts'
import type { Log } from './observe/log.ts'
import type { Metrics } from './observe/metrics.ts'
import type { Observer } from './observe/observer.ts'

export interface Surroundings {
  readonly config: NodeConfig
  readonly log: Log
  readonly metrics: Metrics
  readonly observer: Observer
  /** Wall clock, milliseconds since the epoch: for dates only; whatever waits or decays goes by steadyNow. */
  readonly now: () => number
  /** What the chain takes for the wall clock: a fault may have put it wrong (ChainClock). */
  readonly clock: () => number
  /** A defect in one piece of work, or a disk that fails: logged, or the end of the process. */
  readonly failed: (work: string, error: unknown) => void
}
