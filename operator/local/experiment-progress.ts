// progress.json: how the experiment on a testnet goes, and how the last one ended, for whoever watches. Only the process
// that holds the claim (experiment-claim.ts) writes it.
import { z } from 'zod'
import type { Verdict } from '../../api/verdict.ts'
import type { Progress } from '../../chaos/runner/progress.ts'
import { progressFile, readJson, writeFileWhole } from './state-folder.ts'

/** Rounds are told twice a second; nothing is lost when one is left out. */
const EVERY_MS = 250
const MAX_FAULTS = 64
/** The first ones are kept: what began is worth more than what came of it. */
const MAX_TIMELINE = 256

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
  /** Phases and states of faults as they came, the oldest first; milliseconds since the epoch. */
  timeline: z
    .array(z.object({ at: z.number(), text: z.string() }))
    .max(MAX_TIMELINE)
    .default([]),
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
  readonly #timeline: { at: number; text: string }[] = []

  constructor(folder: string, experiment: string) {
    this.#folder = folder
    this.#experiment = experiment
  }

  tell(progress: Progress): void {
    const now = Date.now()
    for (const text of newsOf(this.#last, progress)) this.#note(now, text)
    this.#last = progress
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
    this.#note(Date.now(), verdict?.result ?? 'ended without a verdict')
    this.#write(verdict?.result ?? 'ended', verdict?.reason ?? 'without a verdict', null, lines ?? [])
  }

  #note(at: number, text: string): void {
    if (this.#timeline.length < MAX_TIMELINE) this.#timeline.push({ at, text })
  }

  #write(phase: string, message: string, until: number | null, verdict: readonly string[] | null): void {
    const faults = (this.#last?.faults ?? []).slice(0, MAX_FAULTS).map(({ targets, sides, ...rest }) => ({
      ...rest,
      targets: targets.length,
      sides: sides.map(({ length }) => length),
    }))
    const told = { experiment: this.#experiment, pid: process.pid, startedAt: this.#startedAt }
    const now = { phase, message, until, faults, verdict, timeline: this.#timeline }
    try {
      writeFileWhole(progressFile(this.#folder), JSON.stringify({ ...told, ...now }))
    } catch {
      // The testnet's folder is gone, or its disk is full.
    }
  }
}

/** What is another than before, a sentence each. */
function newsOf(before: Progress | undefined, now: Progress): string[] {
  const states = new Map(before?.faults.map(({ name, state }) => [name, state]))
  const faults = now.faults.filter(({ name, state }) => state !== 'waiting' && states.get(name) !== state)
  return [
    ...(before?.phase === now.phase ? [] : [`phase ${now.phase}`]),
    ...faults.map(({ name, state }) => `${name} ${state}`),
  ]
}
