// One thing that `trellis check` looked at. Pure.

/** `missing`: testnets or the command do not work without it. `without`: they do, and `mend` says what does not. */
export type CheckState = 'ok' | 'missing' | 'without'

export interface CheckRow {
  readonly name: string
  readonly state: CheckState
  /** What was found. */
  readonly found: string
  /** What to do; empty when it is ok. */
  readonly mend: string
}

export const ok = (name: string, found: string): CheckRow => ({ name, state: 'ok', found, mend: '' })
export const missing = (name: string, found: string, mend: string): CheckRow => ({
  name,
  state: 'missing',
  found,
  mend,
})
export const without = (name: string, found: string, mend: string): CheckRow => ({
  name,
  state: 'without',
  found,
  mend,
})

/** Whether nothing that is needed is missing. */
export const isFit = (rows: readonly CheckRow[]): boolean => rows.every(({ state }) => state !== 'missing')
