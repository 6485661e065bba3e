// progress.json: how the experiment on a testnet goes, and how the last one ended, for whoever watches. Only the process
// that holds the claim (experiment-claim.ts) writes it.
import { z } from 'zod'
import type { Verdict } from '../../api/verdict.ts'
import type { RunLength } from '../../chaos/run-length.ts'
import type { Progress } from '../../chaos/runner/progress.ts'
import { progressFile, readJson, writeFileWhole } from './state-folder.ts'

/** Rounds are told twice a second; nothing is lost when one is left out. */
const EVERY_MS = 250
const MAX_FAULTS = 64
/** For reading and judging what was recorded. */
const JUDGE_MS = 10_000
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
  /** When it is over at the latest; null when it was written by a version that does not tell. */
  endsBy: z.number().nullable().default(null),
  faults: z.array(fault).max(MAX_FAULTS),
  /** Null while it runs; one line a finding. */
  verdict: z.array(z.string()).nullable(),
  /** What it came to; null while it runs. */
  outcome: z
    .object({
      verdict: z.enum(['passed', 'failed', 'inconclusive', 'aborted']),
      /** From the end of the last fault to one head on all nodes, milliseconds; null when that was not seen. */
      healMs: z.number().nullable(),
    })
    .nullable()
    .default(null),
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
  readonly #length: RunLength
  #endsBy: number
  #writtenAt = 0
  #key = ''
  #last: Progress | undefined
  readonly #timeline: { at: number; text: string }[] = []

  constructor(folder: string, experiment: string, length: RunLength) {
    this.#folder = folder
    this.#experiment = experiment
    this.#length = length
    this.#endsBy = this.#startedAt + length.steadyMs + length.restMs + JUDGE_MS
  }

  tell(progress: Progress): void {
    const now = Date.now()
    for (const text of newsOf(this.#last, progress)) this.#note(now, text)
    // A steady state that came early leaves less to wait for.
    if (progress.phase === 'inject' && this.#last?.phase !== 'inject')
      this.#endsBy = Math.min(this.#endsBy, now + this.#length.restMs + JUDGE_MS)
    this.#last = progress
    const key = [progress.phase, ...progress.faults.map(({ state }) => state)].join()
    if (key === this.#key && now - this.#writtenAt < EVERY_MS) return
    this.#key = key
    this.#writtenAt = now
    this.#write(progress.phase, progress.message, progress.until, null, null)
  }

  /** `verdict`: absent when the run ended without one. `aborted`: somebody wanted it to end. */
  close(verdict: Verdict | undefined, aborted: boolean): void {
    const marks = { true: '✔', false: '✗', null: '○' } as const
    const lines = verdict?.findings.map(({ title, value, passed }) => `${marks[`${passed}`]} ${title}: ${value}`)
    this.#note(Date.now(), verdict?.result ?? 'ended without a verdict')
    const oneHead = verdict?.findings.find(({ id }) => id === 'one-head')
    const outcome = {
      verdict: aborted ? 'aborted' : (verdict?.result ?? 'inconclusive'),
      healMs: oneHead?.figures.tookMs ?? null,
    } as const
    this.#write(verdict?.result ?? 'ended', verdict?.reason ?? 'without a verdict', null, lines ?? [], outcome)
  }

  #note(at: number, text: string): void {
    if (this.#timeline.length < MAX_TIMELINE) this.#timeline.push({ at, text })
  }

  #write(
    phase: string,
    message: string,
    until: number | null,
    verdict: readonly string[] | null,
    outcome: ToldProgress['outcome'],
  ): void {
    const faults = (this.#last?.faults ?? []).slice(0, MAX_FAULTS).map(({ targets, sides, ...rest }) => ({
      ...rest,
      targets: targets.length,
      sides: sides.map(({ length }) => length),
    }))
    const told = { experiment: this.#experiment, pid: process.pid, startedAt: this.#startedAt }
    const now = { phase, message, until, endsBy: this.#endsBy, faults, verdict, outcome, timeline: this.#timeline }
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
