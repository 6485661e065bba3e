// What the steps of one run share: the target's nodes, the record as it grows, and what is shown meanwhile.
import type { Experiment } from '../../api/experiment.ts'
import { MAX_SAMPLES, type PhaseName, type RunRecord, type TestnetFacts } from '../../api/run.ts'
import { headGroups } from '../convergence.ts'
import { actsOnProcesses, type CompiledFault, compile, endOf } from '../matrix.ts'
import { hearing, sidesOf } from '../reach.ts'
import type { RunRound } from '../verdict/observations.ts'
import { type Checkpoint, checkpointOf } from './checkpoint.ts'
import { NodeClient } from './node-client.ts'
import { Processes } from './processes.ts'
import type { FaultProgress, Progress } from './progress.ts'
import { Recorder } from './recorder.ts'
import { Sampler } from './sampler.ts'
import type { Target } from './target.ts'

const SAMPLE_MS = 500
/** While faults last a successor shall know what was seen of them up to so long ago. */
const NOTE_MS = 3_000

export interface SessionOptions {
  readonly experiment: Experiment
  readonly target: Target
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  /** Where a runner that died left the run. */
  readonly checkpoint: Checkpoint | undefined
  /** Resolves when the checkpoint outlives this process. A failure ends the run. */
  readonly save: (checkpoint: Checkpoint) => Promise<void>
  /** Keeps it where that is easily done: what was seen until now. */
  readonly note: (checkpoint: Checkpoint) => void
  readonly now: () => number
}

export class Session {
  readonly experiment: Experiment
  readonly target: Target
  readonly testnet: TestnetFacts
  readonly signal: AbortSignal
  readonly now: () => number
  readonly clients: ReadonlyMap<string, NodeClient>
  readonly compiled: readonly CompiledFault[]
  readonly processes: Processes
  readonly recorder: Recorder
  readonly sampler: Sampler
  /** Puts a fault on a node again that forgot it, by fault. */
  readonly renewals = new Map<string, (node: string) => Promise<void>>()
  /** There is no testnet any more. */
  gone = false
  readonly #faults = new Map<string, FaultProgress>()
  readonly #onProgress: (progress: Progress) => void
  readonly #save: (checkpoint: Checkpoint) => Promise<void>
  readonly #note: (checkpoint: Checkpoint) => void
  #notedAt: number
  readonly #starts = new Map<string, number>()
  #silent: ReadonlySet<string> = new Set()
  #phase: PhaseName = 'preflight'
  #message = ''
  #until: number | null = null

  constructor({ experiment, target, signal, onProgress, checkpoint, save, note, now }: SessionOptions) {
    const { testnet } = target
    this.experiment = experiment
    this.target = target
    this.testnet = testnet
    this.signal = signal
    this.now = now
    this.#onProgress = onProgress
    this.#save = save
    this.#note = note
    this.#notedAt = now()
    const endpoints = new Map(target.nodes.map(node => [node.name, node]))
    this.clients = new Map(
      testnet.nodes.flatMap(({ name }) => (endpoints.has(name) ? [[name, new NodeClient(endpoints.get(name)!)]] : [])),
    )
    this.compiled = compile(experiment, testnet.nodes)
    this.processes = new Processes(target.lifecycle)
    const canaryAccounts = target.canaries?.addresses.length ?? 0
    this.recorder = new Recorder({ experiment, testnet, injector: target.fidelity, canaryAccounts }, now, checkpoint)
    this.sampler = new Sampler([...this.clients.values()], this.recorder, {
      intervalMs: this.interval(SAMPLE_MS),
      now,
      firstRound: 1 + Math.max(0, ...(checkpoint?.during ?? []).map(({ round }) => round)),
    })
    const names = testnet.nodes.map(({ name }) => name)
    for (const compiled of this.compiled) {
      const { fault, targets } = compiled
      const sides = fault.action.kind === 'partition' ? sidesOf(hearing([compiled], names)) : []
      this.#faults.set(fault.name, { name: fault.name, state: 'waiting', until: null, targets, sides })
    }
  }

  get record(): RunRecord {
    return this.recorder.record
  }

  /** When the run entered the phase; undefined when it has not. */
  enteredAt(phase: PhaseName): number | undefined {
    return this.record.phases.find(entry => entry.phase === phase)?.at
  }

  enter(phase: PhaseName, message: string, until: number | null): void {
    if (this.enteredAt(phase) === undefined) this.recorder.phase(phase)
    this.#phase = phase
    this.waitUntil(until, message)
  }

  waitUntil(until: number | null, message: string = this.#message): void {
    this.#message = message
    this.#until = until
    this.report()
  }

  save(): Promise<void> {
    return this.#save(checkpointOf(this.record))
  }

  fault(name: string): FaultProgress {
    return this.#faults.get(name)!
  }

  setFault(name: string, change: Pick<FaultProgress, 'state' | 'until'>): void {
    this.#faults.set(name, { ...this.fault(name), ...change })
    this.report()
  }

  /** Longer rounds where the record could not hold the run otherwise. */
  interval(wanted: number): number {
    const { steadyState, heal } = this.experiment
    const whole = steadyState.withinMs + endOf(this.compiled) + 2 * heal.withinMs + (heal.observeMs ?? 0)
    return Math.max(wanted, Math.ceil((whole * this.testnet.nodes.length * 2) / MAX_SAMPLES))
  }

  /** Whether a fault stops the node now, or has and the node is not back yet. */
  isStopped(node: string): boolean {
    return this.compiled.some(compiled => {
      if (!actsOnProcesses(compiled)) return false
      const window = this.record.windows.find(({ fault }) => fault === compiled.fault.name)
      const hit = window?.hits?.find(other => other.node === node)
      return hit !== undefined && (hit.until === null || this.#silent.has(node))
    })
  }

  /** A node that restarted or was silent has forgotten its rows, or they have lapsed: it gets them again. */
  sampled({ digests, silent }: RunRound): void {
    for (const [node, { startedAt }] of digests) {
      const known = this.#starts.get(node)
      this.#starts.set(node, startedAt)
      const restarted = known !== undefined && known !== startedAt
      if (restarted) this.recorder.note(`${node} restarted`)
      if (restarted || this.#silent.has(node)) for (const renew of this.renewals.values()) void renew(node)
    }
    this.#silent = new Set(silent)
    this.report()
    const lasting = this.record.windows.some(({ injectedAt, liftedAt }) => injectedAt !== null && liftedAt === null)
    if (!lasting || this.now() - this.#notedAt < NOTE_MS) return
    this.#notedAt = this.now()
    this.#note(checkpointOf(this.record))
  }

  report(): void {
    const last = this.sampler.rounds.at(-1)
    const { canaries } = this.record
    const refused = canaries.filter(({ fate }) => fate === 'refused').length
    this.#onProgress({
      phase: this.#phase,
      message: this.#message,
      until: this.#until,
      heads: last ? headGroups(last.views) : [],
      views: last?.views ?? [],
      silent: last?.silent ?? [],
      faults: [...this.#faults.values()],
      canaries: { sent: canaries.length - refused, refused },
    })
  }
}
