// What the judge says of a recorded run.

export const findingIds = [
  'bit',
  'reconnected',
  'mesh',
  'one-head',
  'reorg-depth',
  'finality',
  'canaries',
  'blocks',
  'baseline',
] as const
export type FindingId = (typeof findingIds)[number]

export interface Finding {
  readonly id: FindingId
  readonly title: string
  /** What was measured, for people. */
  readonly value: string
  /** What was asked for, for people. */
  readonly limit: string
  /** null: not measured, or nothing to measure; `value` says why. */
  readonly passed: boolean | null
  /** An unmeasured finding that is needed makes the run inconclusive. */
  readonly needed: boolean
  /** The figures behind `value`, in the unit their name ends with. */
  readonly figures: Readonly<Record<string, number>>
  /** At most MAX_EVIDENCE lines: the observations that decided. */
  readonly evidence: readonly string[]
}

export const MAX_EVIDENCE = 16

export type Result = 'passed' | 'failed' | 'inconclusive'

export interface Verdict {
  readonly experiment: string
  readonly testnet: string
  readonly result: Result
  readonly reason: string
  /** What did the faults: rules of the kernel, or the nodes themselves, below encryption. */
  readonly fidelity: 'kernel' | 'userspace'
  readonly findings: readonly Finding[]
}

/** Exit codes of the command; 3 is usage or environment. */
export const exitCodes: Readonly<Record<Result, number>> = { passed: 0, failed: 1, inconclusive: 2 }
