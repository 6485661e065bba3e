// The agent: takes rows, keeps them in force as long as their leases last, and cleans up behind them. One change at a
// time. The file is written before the kernel, so an agent that is killed in between brings the kernel to the file.
import type { Link, LinkRow } from '../../api/link.ts'
import { Injected, type PartCounts } from './injected.ts'
import { Leases, type LeasesState, type Now } from './leases.ts'
import { MAX_ENDED, MAX_SHAPES } from './limits.ts'
import { AgentMeters } from './metrics.ts'
import { type ActiveRow, partsOf } from './parts.ts'
import { type KernelPlan, type Numbering, planKernel } from './plan.ts'
import { missingFor, type Primitive, preflight } from './preflight.ts'
import type { PartReport, Preflight, Report, RowReport, RowsRequest } from './protocol.ts'
import { loadState, saveState } from './state-file.ts'
import { noCount } from './table-content.ts'
import type { Claim } from './token.ts'

/** Changes that wait for others at one moment. */
const MAX_WAITING = 64
/** The kernel forgets members within one tick of their end (10 ms at 100 Hz); what is left is removed after it. */
const SWEEP_AFTER_MS = 20
const SWEEP_AGAIN_MS = 1_000

/** This kernel cannot do a link. */
export class Unsupported extends Error {
  readonly primitives: readonly Primitive[]
  readonly field: string
  constructor(field: string, link: Link, primitives: readonly Primitive[]) {
    const reasons = primitives.map(({ name, reason }) => `${name} (${reason})`).join(', ')
    super(`this kernel cannot do ${JSON.stringify(link)}, for lack of ${reasons}`)
    this.name = 'Unsupported'
    this.field = field
    this.primitives = primitives
  }
}

/** More is asked than the agent takes at once. */
export class Busy extends Error {}

export interface AgentOptions {
  /** The furthest away that a lease may end. */
  readonly maxLeaseMs: number
  readonly stateFile: string
  readonly log: (message: string, fields?: Readonly<Record<string, unknown>>) => void
}

export class Agent {
  readonly #options: AgentOptions
  readonly #injected = new Injected()
  readonly #ended = new Map<string, { readonly experiment: string; readonly row: RowReport }>()
  #leases: Leases
  /** Rows the kernel holds. */
  #reported: readonly ActiveRow[] = []
  #numbering: Numbering
  #primitives: readonly Primitive[] = []
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0
  readonly meters = new AgentMeters(
    () => this.#held(),
    () => this.#exclusively(async () => (await this.#injected.read()).meters),
  )

  private constructor(options: AgentOptions, leases: LeasesState, numbering: Numbering) {
    this.#options = options
    this.#leases = new Leases(options, leases)
    this.#numbering = numbering
  }

  /** An agent that has taken up what one before it held, as far as its leases still last. @throws KernelRefused and what reading the file throws */
  static async start(options: AgentOptions): Promise<Agent> {
    const { leases, numbering } = await loadState(options.stateFile)
    const agent = new Agent(options, leases, numbering)
    await agent.#injected.takeUp()
    await agent.#exclusively(() => agent.#sync())
    agent.#primitives = await preflight()
    return agent
  }

  /** What the kernel can do, as of the last time it was tried. */
  get primitives(): readonly Primitive[] {
    return this.#primitives
  }

  /** Stops working. What is in force stays so until its lease ends. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  /** @throws LeaseRefused, Unsupported, Busy, KernelRefused, ForeignScheduler; nothing has changed then */
  async put(claim: Claim, { until, rows }: RowsRequest): Promise<Report> {
    for (const [index, { classes }] of rows.entries()) {
      for (const [position, { direction, link }] of classes.entries()) {
        const missing = missingFor(link, direction, this.#primitives)
        if (missing.length > 0) throw new Unsupported(`rows.${index}.classes.${position}.link`, link, missing)
      }
    }
    return await this.#change(claim, leases => leases.put(claim, until, rows, now()))
  }

  /** @throws LeaseRefused, Busy, KernelRefused */
  async renew(claim: Claim, until: number): Promise<Report> {
    return await this.#change(claim, leases => leases.renew(claim, until, now()))
  }

  /** Ends the experiment for good. Ending what is not there is no error. @throws Busy, KernelRefused; the agent tries on then, and the lease is not renewed */
  async end(claim: Claim): Promise<Report> {
    return await this.#exclusively(async () => {
      this.#leases.end(claim, now())
      try {
        await this.#sync()
      } catch (error) {
        this.#sweepAfter(SWEEP_AGAIN_MS)
        throw error
      }
      return await this.#report(claim.experiment)
    })
  }

  /** @throws Busy, KernelRefused */
  async report({ experiment }: Claim): Promise<Report> {
    return await this.#exclusively(() => this.#report(experiment))
  }

  async preflight(): Promise<Preflight> {
    return await this.#exclusively(async () => {
      this.#primitives = await preflight()
      return { primitives: this.#primitives }
    })
  }

  async #change(claim: Claim, change: (leases: Leases) => void): Promise<Report> {
    return await this.#exclusively(async () => {
      const before = this.#leases.state()
      const renews = this.#leases.until(claim.experiment) !== undefined
      change(this.#leases)
      const startedAt = performance.now()
      try {
        await this.#sync()
        this.meters.applied(performance.now() - startedAt)
        if (renews) this.meters.renewed()
      } catch (error) {
        this.#leases = new Leases(this.#options, before)
        await this.#sync().catch(() => this.#sweepAfter(SWEEP_AGAIN_MS))
        throw error
      }
      return await this.#report(claim.experiment)
    })
  }

  /** Brings file and kernel to the leases. */
  async #sync(): Promise<void> {
    const before = this.#leases.size
    this.#leases.expire(now().monotonic)
    const lapsed = before - this.#leases.size
    const plan = planKernel(this.#leases.active(), this.#numbering)
    if (plan.steering.length > MAX_SHAPES) {
      throw new Busy(`the rows compose to ${plan.steering.length} different links; ${MAX_SHAPES} at most`)
    }
    await saveState(this.#options.stateFile, { leases: this.#leases.state(), numbering: plan.numbering })
    const over = await this.#over(plan)
    await this.#injected.apply(plan, () => now().monotonic)
    this.#numbering = plan.numbering
    this.#reported = this.#leases.active()
    this.meters.lapsed(lapsed)
    for (const { experiment, row } of over) this.#remember(experiment, row)
    const next = this.#leases.nextEnd()
    if (Number.isFinite(next)) this.#sweepAfter(next - now().monotonic + SWEEP_AFTER_MS)
    else clearTimeout(this.#timer)
  }

  #sweepAfter(ms: number): void {
    clearTimeout(this.#timer)
    const sweep = (): Promise<void> => this.#exclusively(() => this.#sync())
    this.#timer = setTimeout(
      () => {
        sweep().catch(error => {
          this.#options.log('could not remove what has ended', { error: String(error) })
          this.#sweepAfter(SWEEP_AGAIN_MS)
        })
      },
      Math.max(0, ms),
    )
  }

  /** Last words of the rows whose rules are about to go. */
  async #over(next: KernelPlan): Promise<{ experiment: string; row: RowReport }[]> {
    const active = new Set(this.#leases.active().map(({ experiment, row }) => rowKey(experiment, row.id)))
    const gone = this.#reported.filter(({ experiment, row }) => !active.has(rowKey(experiment, row.id)))
    const stays = new Set(next.parts.map(({ key }) => key))
    if (gone.length === 0 && this.#injected.plan.parts.every(({ key }) => stays.has(key))) return []
    const { counts, meters } = await this.#injected.read()
    this.meters.counted(meters)
    return gone.map(({ experiment, row }) => ({
      experiment,
      row: { ...reportRow(experiment, row, counts), ended: true },
    }))
  }

  #held(): { rows: number; until: number } {
    const ends = this.#leases.state().held.map(([, { untilWall }]) => untilWall)
    return { rows: this.#reported.length, until: Math.max(0, ...ends) }
  }

  #remember(experiment: string, row: RowReport): void {
    const key = rowKey(experiment, row.id)
    this.#ended.delete(key)
    this.#ended.set(key, { experiment, row })
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value!)
  }

  async #report(experiment: string): Promise<Report> {
    const counts = await this.#injected.counts()
    const active = this.#leases.active().filter(row => row.experiment === experiment)
    const rows = active.map(({ row }) => reportRow(experiment, row, counts))
    const names = new Set(rows.map(({ id }) => id))
    const ended = [...this.#ended.values()].filter(entry => entry.experiment === experiment && !names.has(entry.row.id))
    return { now: now().wall, until: this.#leases.until(experiment), rows: [...rows, ...ended.map(({ row }) => row)] }
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) throw new Busy(`${MAX_WAITING} requests wait already`)
    this.#waiting++
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return await turn.finally(() => this.#waiting--)
  }
}

const rowKey = (experiment: string, row: string): string => `${experiment}/${row}`

function reportRow(experiment: string, row: LinkRow, counts: Map<string, PartCounts>): RowReport {
  const parts = partsOf([{ experiment, row, end: 0 }]).map(({ key, direction, link, addresses }): PartReport => {
    const none = { met: noCount, lost: noCount, shaped: { ...noCount, overflowed: 0 } }
    return { direction, link, addresses: addresses.length, ...(counts.get(key) ?? none) }
  })
  return { id: row.id, endsAt: row.endsAt, ended: false, parts }
}

/** The monotonic clock is the kernel's: every process since the machine started reads the same. */
const now = (): Now => ({ wall: Date.now(), monotonic: Number(process.hrtime.bigint()) / 1e6 })
