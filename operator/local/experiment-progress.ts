// progress.json: how the experiment on a testnet goes, and how the last one ended, for whoever watches. Only the process
// that holds the claim (experiment-claim.ts) writes it.
import { z } from 'zod'
import type { Verdict } from '../../api/verdict.ts'
import type { Progress } from '../../chaos/runner/progress.ts'
import { progressFile, readJson, writeFileWhole } from './state-folder.ts'

/** Rounds are told twice a second; nothing is lost when one is left out. */
const EVERY_MS = 250
const MAX_FAULTS = 64

const fault = z.object({
  name: z.string(),
  state: z.string(),
  until: z.number().nullable(),
  /** Nodes. */
  targets: z.number(),
  /** Nodes of each side of a partition. */
  sides: z.array(z.number()),
})
const progress = z.object({
  experiment: z.string(),
  pid: z.number(),
  /** Milliseconds since the epoch. */
  startedAt: z.number(),
  phase: z.string(),
  message: z.string(),
  until: z.number().nullable(),
  faults: z.array(fault).max(MAX_FAULTS),
  /** Null while it runs; one line a finding. */
  verdict: z.array(z.string()).nullable(),
})
export type ToldProgress = z.infer<typeof progress>

/** The last told; undefined when there is none, or none of this version. */
export function readProgress(folder: string): ToldProgress | undefined {
  try {
    return progress.parse(readJson(progressFile(folder)))
  } catch {
    return undefined
  }
}

/** Tells the progress of one run. It is a courtesy: a disk that is full does not end the run. */
export class ProgressWriter {
  readonly #folder: string
  readonly #experiment: string
  readonly #startedAt = Date.now()
  #writtenAt = 0
  #key = ''
  #last: Progress | undefined

  constructor(folder: string, experiment: string) {
    this.#folder = folder
    this.#experiment = experiment
  }

  tell(progress: Progress): void {
    this.#last = progress
    const now = Date.now()
    const key = [progress.phase, ...progress.faults.map(({ state }) => state)].join()
    if (key === this.#key && now - this.#writtenAt < EVERY_MS) return
    this.#key = key
    this.#writtenAt = now
    this.#write(progress.phase, progress.message, progress.until, null)
  }

  /** `verdict`: absent when the run ended without one. */
  close(verdict?: Verdict): void {
    const marks = { true: '✔', false: '✗', null: '○' } as const
    const lines = verdict?.findings.map(({ title, value, passed }) => `${marks[`${passed}`]} ${title}: ${value}`)
    this.#write(verdict?.result ?? 'ended', verdict?.reason ?? 'without a verdict', null, lines ?? [])
  }

  #write(phase: string, message: string, until: number | null, verdict: readonly string[] | null): void {
    const faults = (this.#last?.faults ?? []).slice(0, MAX_FAULTS).map(({ targets, sides, ...rest }) => ({
      ...rest,
      targets: targets.length,
      sides: sides.map(({ length }) => length),
    }))
    const told = { experiment: this.#experiment, pid: process.pid, startedAt: this.#startedAt }
    try {
      writeFileWhole(progressFile(this.#folder), JSON.stringify({ ...told, phase, message, until, faults, verdict }))
    } catch {
      // The testnet's folder is gone, or its disk is full.
    }
  }
}
