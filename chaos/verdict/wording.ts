// How findings say figures, and the few sums they share.
import { type Finding, type FindingId, MAX_EVIDENCE } from '../../api/verdict.ts'

/** `850 ms`, `2.4 s`, `3.5 min` */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return ms < 120_000 ? `${(ms / 1_000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`
}

/** `42 %`, `0.5 %`; whatever is smaller than a tenth is said so. */
export function percentText(part: number): string {
  const percent = part * 100
  if (percent > 0 && percent < 0.1) return 'less than 0.1 %'
  return `${percent < 10 ? Number(percent.toFixed(1)) : Math.round(percent)} %`
}
export const shortHash = (hash: string): string => hash.slice(0, 10)
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** The middle value; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
}

type Measured = {
  value: string
  limit?: string
  figures?: Readonly<Record<string, number>>
  evidence?: readonly string[]
}

/** A finding's fixed part, and the ways it can come out. */
export function finding(id: FindingId, title: string) {
  const make = (
    passed: boolean | null,
    needed: boolean,
    { value, limit = '', figures = {}, evidence = [] }: Measured,
  ): Finding => ({
    id,
    title,
    value,
    limit,
    passed,
    needed,
    figures,
    evidence:
      evidence.length <= MAX_EVIDENCE
        ? evidence
        : [...evidence.slice(0, MAX_EVIDENCE - 1), `and ${evidence.length - MAX_EVIDENCE + 1} more`],
  })
  return {
    /** It was measured against a limit. */
    measured: (passed: boolean, fields: Measured): Finding => make(passed, true, fields),
    /** It should have been measured and could not be. */
    unmeasured: (why: string, fields: Omit<Measured, 'value'> = {}): Finding =>
      make(null, true, { value: why, ...fields }),
    /** It could not be measured, and the run can be judged without it. */
    unknown: (why: string, fields: Omit<Measured, 'value'> = {}): Finding =>
      make(null, false, { value: why, ...fields }),
  }
}
