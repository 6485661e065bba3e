// The verdict, and the recorded run, as files.
import type { RunRecord } from '../../api/run.ts'
import type { Verdict } from '../../api/verdict.ts'

export const verdictJson = (verdict: Verdict): string => `${JSON.stringify(verdict, null, 2)}\n`

/** What `parseRunRecord` reads back. */
export const runJson = (record: RunRecord): string => `${JSON.stringify(record)}\n`
