// Runs an experiment: steady state, faults, heal, verdict. All I/O of the run is in this folder; what it means is judged
// by the pure part from the record.
import type { Experiment } from '../../api/experiment.ts'
import type { FaultWindow, PhaseName, RunRecord, TestnetFacts } from '../../api/run.ts'
import { MAX_SAMPLES } from '../../api/run.ts'
import type { Verdict } from '../../api/verdict.ts'
import { firstStable, headGroups, isOneHead } from '../convergence.ts'
import { actsOnLinks, type CompiledFault, compile } from '../matrix.ts'
import { hearing, sidesOf } from '../reach.ts'
import { judge } from '../verdict/judge.ts'
import { mesh } from '../verdict/mesh.ts'
import { observe, type RunRound } from '../verdict/observations.ts'
import { reconnected } from '../verdict/reconnected.ts'
import { type CanarySource, findFates, noteDuringFault, sendCanaries } from './canaries.ts'
import { collectEvents } from './event-collector.ts'
import { runFault } from './injector.ts'
import type { Lifecycle } from './lifecycle.ts'
import { NodeClient, type NodeEndpoint, pause } from './node-client.ts'
import { PreflightFailed, preflight } from './preflight.ts'
import type { FaultProgress, Progress } from './progress.ts'
import { Recorder } from './recorder.ts'
import { IMPATIENT_MS, Sampler } from './sampler.ts'

const SAMPLE_MS = 500
/** While the network heals, the time to one head is measured: finer rounds. */
const HEAL_SAMPLE_MS = 250
/** The baseline of delays and peers needs so many block intervals of steady state. */
const BASELINE_BLOCKS = 8
const OBSERVE_BLOCKS = 10
const MIN_OBSERVE_MS = 5_000
/** A checkpoint that lags the head by more than this many intervals is not "finalizing". */
const MAX_FINALITY_LAG = 4
const SETTLE_CHECK_MS = 1_000
/** Event history of larger testnets would not fit into the record. */
const MAX_NODES_WITH_HISTORY = 100

export interface RunOptions {
  readonly experiment: Experiment
  readonly testnet: TestnetFacts
  readonly nodes: readonly NodeEndpoint[]
  readonly lifecycle?: Lifecycle | undefined
  readonly canaries?: CanarySource | undefined
  /** Aborting lifts every fault at once and ends the run with what was recorded. */
  readonly signal?: AbortSignal | undefined
  /** Called on every round and change; must not throw. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

export interface RunResult {
  readonly record: RunRecord
  readonly verdict: Verdict
}

/** Resolves with the record and its verdict, also when aborted. Rejects with PreflightFailed before anything was disturbed. */
export async function runExperiment(options: RunOptions): Promise<RunResult> {
  const run = new Run(options)
  await run.go()
  return { record: run.record, verdict: judge(run.record) }
}

class Run {
  readonly #options: RunOptions
  readonly #now: () => number
  readonly #signal: AbortSignal
  readonly #clients: ReadonlyMap<string, NodeClient>
  readonly #compiled: readonly CompiledFault[]
  readonly #recorder: Recorder
  readonly #sampler: Sampler
  readonly #faults = new Map<string, FaultProgress>()
  readonly #renewals = new Map<string, (node: string) => Promise<void>>()
  readonly #processes = new Map<string, number>()
  #phase: PhaseName = 'preflight'
  #message = ''
  #until: number | null = null

  constructor(options: RunOptions) {
    const { experiment, testnet, nodes, canaries } = options
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#signal = options.signal ?? new AbortController().signal
    const endpoints = new Map(nodes.map(node => [node.name, node]))
    this.#clients = new Map(
      testnet.nodes.flatMap(({ name }) => (endpoints.has(name) ? [[name, new NodeClient(endpoints.get(name)!)]] : [])),
    )
    this.#compiled = compile(experiment, testnet.nodes)
    this.#recorder = new Recorder(
      { experiment, testnet, injector: 'userspace', canaryAccounts: canaries?.addresses.length ?? 0 },
      this.#now,
    )
    this.#sampler = new Sampler([...this.#clients.values()], this.#recorder, {
      intervalMs: this.#interval(SAMPLE_MS),
      now: this.#now,
    })
    const names = testnet.nodes.map(({ name }) => name)
    for (const compiled of this.#compiled) {
      const { fault, targets } = compiled
      const sides = fault.action.kind === 'partition' ? sidesOf(hearing([compiled], names)) : []
      this.#faults.set(fault.name, { name: fault.name, state: 'waiting', until: null, targets, sides })
    }
  }

  get record(): RunRecord {
    return this.#recorder.record
  }

  async go(): Promise<void> {
    const { experiment, testnet, lifecycle } = this.#options
    if (experiment.injector === 'kernel')
      throw new PreflightFailed(['the kernel injector is not available here: write `injector: auto` or `userspace`'])
    this.#enter('preflight', 'every node to answer', null)
    await preflight(testnet, this.#clients, this.#compiled, experiment.name, lifecycle, this.#signal)

    const collecting = new AbortController()
    const history = testnet.nodes.length <= MAX_NODES_WITH_HISTORY
    this.#enter(
      'steady-state',
      'one growing, finalizing chain on all nodes',
      this.#now() + experiment.steadyState.withinMs,
    )
    const collectors = [...this.#clients.values()].map(client =>
      collectEvents(client, this.#recorder, { signal: collecting.signal, history, now: this.#now }),
    )
    this.#sampler.start(round => {
      this.#renewRows(round)
      this.#report()
    })
    try {
      this.#recorder.record.steady = await this.#steadyState()
      if (this.#recorder.record.steady && !this.#signal.aborted) await this.#disturb()
    } finally {
      await this.#sampler.stop()
      collecting.abort()
      await Promise.all(collectors)
      if (this.#signal.aborted)
        this.#recorder.record.aborted = String(
          this.#signal.reason instanceof Error ? this.#signal.reason.message : this.#signal.reason,
        )
      this.#enter('done', '', null)
    }
  }

  async #steadyState(): Promise<boolean> {
    const { experiment, testnet } = this.#options
    const begun = this.#now()
    const isFinalizing = ({ digests }: RunRound): boolean =>
      [...digests.values()].every(
        ({ head, finalized }) =>
          finalized.height > 0 && head.height - finalized.height <= MAX_FINALITY_LAG * testnet.checkpointInterval,
      )
    const isSteady = (rounds: readonly RunRound[]): true | undefined => {
      const last = rounds.at(-1)
      if (!last || this.#now() - begun < BASELINE_BLOCKS * testnet.blockIntervalMs || !isOneHead(last)) return undefined
      if (experiment.steadyState.finalizing && !isFinalizing(last)) return undefined
      return firstStable(rounds, experiment.steadyState.samples) && true
    }
    const steady = await this.#sampler.until(isSteady, begun + experiment.steadyState.withinMs, this.#signal)
    if (!steady) this.#recorder.note(this.#whyUnsteady(isFinalizing))
    return steady === true
  }

  #whyUnsteady(isFinalizing: (round: RunRound) => boolean): string {
    const { experiment, testnet } = this.#options
    const last = this.#sampler.rounds.at(-1)
    if (!last) return 'no node was asked yet'
    if (last.silent.length > 0) return `no answer from ${last.silent.join(', ')}`
    if (!isOneHead(last))
      return `heads at ${headGroups(last.views)
        .map(({ height, members }) => `${height} (${members.join(', ')})`)
        .join(', ')}`
    const baselineMs = BASELINE_BLOCKS * testnet.blockIntervalMs
    if (experiment.steadyState.withinMs <= baselineMs)
      return `spec.steadyState.within is ${experiment.steadyState.withinMs / 1_000} s, and the baseline alone takes ${BASELINE_BLOCKS} block intervals, ${baselineMs / 1_000} s`
    if (experiment.steadyState.finalizing && !isFinalizing(last))
      return `finalized only up to height ${Math.min(...[...last.digests.values()].map(({ finalized }) => finalized.height))}`
    return 'the height does not advance, or the heads were not equal for long enough'
  }

  async #disturb(): Promise<void> {
    const { canaries } = this.#options
    const startedAt = this.#now()
    const fromHeight = Math.min(...(this.#sampler.rounds.at(-1)?.views ?? []).map(({ height }) => height))
    const last = Math.max(...this.#compiled.map(({ fault }) => fault.atMs + fault.durationMs))
    this.#enter('inject', 'the end of the last fault', startedAt + last)
    const patient = this.#sampler.answerWithinMs
    this.#sampler.answerWithinMs = IMPATIENT_MS
    const canaryOptions = { clients: this.#clients, recorder: this.#recorder, now: this.#now }
    const sending = canaries
      ? sendCanaries(this.#compiled, startedAt, { ...canaryOptions, source: canaries }, this.#signal)
      : Promise.resolve()
    await Promise.all([...this.#compiled.map(fault => this.#runFault(fault, startedAt)), sending])
    if (this.#signal.aborted) return

    this.#sampler.answerWithinMs = patient
    this.#sampler.intervalMs = this.#interval(HEAL_SAMPLE_MS)
    const ended = Math.max(startedAt, ...this.#recorder.record.windows.map(({ endedAt }) => endedAt ?? 0))
    const failed = this.#recorder.record.windows.some(({ failures }) => failures.length > 0)
    const deadline = ended + this.#options.experiment.heal.withinMs
    this.#enter('heal', 'one head on all nodes', deadline)
    await noteDuringFault(canaryOptions, this.#signal)
    const { samples } = this.#options.experiment.heal
    const after = (rounds: readonly RunRound[]): RunRound[] => rounds.filter(({ at }) => at >= ended)
    // Two intervals more: the last round within the limit must have its stretch of stable rounds behind it.
    const healed = await this.#sampler.until(
      rounds => firstStable(after(rounds), samples),
      deadline + (samples + 2) * this.#sampler.intervalMs,
      this.#signal,
    )
    if (healed && !failed) await this.#watch(healed.at, deadline, fromHeight)
    else await findFates(fromHeight, canaryOptions, this.#signal)
  }

  /** Watches the healed network for its baseline, and longer, up to the deadline, while something has not settled. */
  async #watch(healedAt: number, deadline: number, fromHeight: number): Promise<void> {
    const { experiment, testnet } = this.#options
    const enough =
      healedAt + (experiment.heal.observeMs ?? Math.max(MIN_OBSERVE_MS, OBSERVE_BLOCKS * testnet.blockIntervalMs))
    const end = Math.max(deadline, enough)
    this.#enter('observe', 'peers, mesh and block delay to be as before', enough)
    const canaryOptions = { clients: this.#clients, recorder: this.#recorder }
    await pause(enough - this.#now(), this.#signal)
    while (!this.#signal.aborted) {
      await findFates(fromHeight, canaryOptions, this.#signal)
      const observations = observe(this.record)
      const back = [reconnected, mesh].every(question => question(observations).passed !== false)
      if (
        (back && this.record.canaries.every(({ fate }) => fate === 'included' || fate === 'refused')) ||
        this.#now() >= end
      )
        return
      this.#until = end
      await pause(Math.min(SETTLE_CHECK_MS, end - this.#now()), this.#signal)
    }
  }

  async #runFault(compiled: CompiledFault, startedAt: number): Promise<void> {
    const { atMs, durationMs, name } = compiled.fault
    await pause(startedAt + atMs - this.#now(), this.#signal)
    if (this.#signal.aborted) return
    const { targets, sides } = this.#faults.get(name)!
    const plannedStart = startedAt + atMs
    const window: FaultWindow = this.#recorder.window({
      fault: name,
      plannedStart,
      plannedEnd: plannedStart + durationMs,
      injectedAt: null,
      liftedAt: null,
      endedAt: null,
      targets: [...targets],
      sides: sides.map(side => [...side]),
      failures: [],
      counters: [],
    })
    const { experiment, testnet, lifecycle } = this.#options
    await runFault(
      compiled,
      window,
      {
        experiment: experiment.name,
        lifecycle,
        clients: this.#clients,
        now: this.#now,
        isStopped: node => this.#isStopped(node),
        peers: testnet.nodes.map(({ name, host, peerId }) => ({ name, host, peerId })),
        onRenewal: (fault, renew) => {
          if (renew) this.#renewals.set(fault, renew)
          else this.#renewals.delete(fault)
        },
        onState: (fault, state, until) => {
          this.#faults.set(fault, { ...this.#faults.get(fault)!, state, until })
          this.#report()
        },
      },
      this.#signal,
    )
  }

  /** Whether a fault stops the node now, or has and the node is not back yet. */
  #isStopped(node: string): boolean {
    const isSilent = this.#sampler.rounds.at(-1)?.silent.includes(node) === true
    return this.#compiled.some(compiled => {
      if (actsOnLinks(compiled) || !compiled.targets.includes(node)) return false
      const state = this.#faults.get(compiled.fault.name)?.state ?? 'waiting'
      return ['injecting', 'active', 'lifting'].includes(state) || (state === 'over' && isSilent)
    })
  }

  /** A node that restarted under a link fault gets its rows again: it keeps them in memory only. */
  #renewRows({ digests }: RunRound): void {
    for (const [node, { startedAt }] of digests) {
      const known = this.#processes.get(node)
      this.#processes.set(node, startedAt)
      if (known === undefined || known === startedAt) continue
      this.#recorder.note(`${node} restarted`)
      for (const renew of this.#renewals.values()) void renew(node)
    }
  }

  /** Longer rounds where the record could not hold the run otherwise. */
  #interval(wanted: number): number {
    const { experiment, testnet } = this.#options
    const faults = Math.max(...experiment.faults.map(({ atMs, durationMs }) => atMs + durationMs))
    const whole =
      experiment.steadyState.withinMs + faults + 2 * experiment.heal.withinMs + (experiment.heal.observeMs ?? 0)
    return Math.max(wanted, Math.ceil((whole * testnet.nodes.length * 2) / MAX_SAMPLES))
  }

  #enter(phase: PhaseName, message: string, until: number | null): void {
    this.#recorder.phase(phase)
    this.#phase = phase
    this.#message = message
    this.#until = until
    this.#report()
  }

  #report(): void {
    const last = this.#sampler.rounds.at(-1)
    const { canaries } = this.#recorder.record
    const refused = canaries.filter(({ fate }) => fate === 'refused').length
    this.#options.onProgress?.({
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
