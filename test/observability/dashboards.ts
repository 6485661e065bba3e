// Asks a Prometheus that watched a testnet, while it was healthy and while it was cut, for everything that the dashboards
// show.
import { type Chosen, expressions, type PlainExpression } from '../../dashboards/source/expressions.ts'
import type { Prometheus } from './prometheus.ts'

/** Milliseconds since the epoch. */
export interface Period {
  readonly from: number
  readonly to: number
}

export interface Watched {
  /** The testnet was complete and well; long enough for a rate. */
  readonly healthy: Period
  /** From before an announced experiment that cut it until after its end. */
  readonly faults: Period
}

/**
 * Panels that had no data when they must have some, as lines to read: those of a healthy testnet in `healthy`, those of
 * faults in `faults`. What only a cluster serves is asked for too, and must parse. Throws with Prometheus' message for an
 * expression that does not.
 */
export async function panelsWithoutData(prometheus: Prometheus, chosen: Chosen, watched: Watched): Promise<string[]> {
  const missing: string[] = []
  for (const one of expressions(chosen)) {
    const period = periodOf(one, watched)
    if (await hasData(prometheus, one, period ?? watched.faults)) continue
    if (period) missing.push(`${one.from}: ${one.expression}`)
  }
  return missing
}

function periodOf({ shows }: PlainExpression, { healthy, faults }: Watched): Period | undefined {
  if (shows === 'healthy') return healthy
  return 'faults' in shows ? faults : undefined
}

/** A number at any second of the period; a quotient of nothing by nothing is none. */
async function hasData(prometheus: Prometheus, { expression }: PlainExpression, period: Period): Promise<boolean> {
  const seconds = Math.max(1, Math.floor((period.to - period.from) / 1_000))
  const samples = await prometheus.query(`max_over_time((${expression})[${seconds}s:1s])`, period.to)
  return samples.some(({ value }) => Number.isFinite(value))
}
