// Asks a Prometheus for what the dashboards show.
import { type Chosen, expressions, type PlainExpression } from '../../dashboards/source/expressions.ts'
import type { Prometheus } from './prometheus.ts'

/** From and to, milliseconds since the epoch. */
export type Span = readonly [from: number, to: number]

export interface Watched {
  /** The testnet was complete and well; long enough for a rate. */
  readonly healthy: Span
  /** From before an announced experiment that cut it until after its end. */
  readonly faults: Span
}

/**
 * Panels that had no data when they must have some, as lines to read: those of a healthy testnet in `healthy`, those of
 * faults in `faults`. What only a cluster serves is asked for too, and must parse. Throws with Prometheus' message for an
 * expression that does not.
 */
export async function panelsWithoutData(
  prometheus: Prometheus,
  chosen: Chosen,
  { healthy, faults }: Watched,
): Promise<string[]> {
  const all = expressions(chosen)
  const where = (name: 'faults' | 'cluster') => all.filter(({ shows }) => shows !== 'healthy' && name in shows)
  await withoutData(prometheus, where('cluster'), faults)
  return [
    ...(await withoutData(
      prometheus,
      all.filter(({ shows }) => shows === 'healthy'),
      healthy,
    )),
    ...(await withoutData(prometheus, where('faults'), faults)),
  ]
}

/** Those that gave no number at any second of the span; a quotient of nothing by nothing is none. Throws as above. */
export async function withoutData(
  prometheus: Prometheus,
  asked: readonly PlainExpression[],
  [from, to]: Span,
): Promise<string[]> {
  const seconds = Math.max(1, Math.floor((to - from) / 1_000))
  const missing: string[] = []
  for (const one of asked) {
    const samples = await prometheus.query(`max_over_time((${one.expression})[${seconds}s:1s])`, to)
    if (!samples.some(({ value }) => Number.isFinite(value))) missing.push(`${one.from}: ${one.expression}`)
  }
  return missing
}
