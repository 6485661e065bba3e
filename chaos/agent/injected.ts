// What this agent made the kernel do: brings the kernel from one plan to the next, and reads its counters.
import { KernelRefused, run } from './kernel.ts'
import { compileNft, emptyTable, lostName, partName, removeTable, TABLE, type TableContent } from './nft-script.ts'
import { type KernelPlan, noNumbers, planKernel } from './plan.ts'
import { devices, prepareSchedulers, qdiscsOf } from './schedulers.ts'
import { type Count, noCount, parseContent, parseCounters } from './table-content.ts'
import type { Meter } from './tally.ts'

export interface PartCounts {
  readonly met: Count
  readonly lost: Count
  readonly shaped: Count & { readonly overflowed: number }
}

export class Injected {
  #plan: KernelPlan = planKernel([], noNumbers)
  #content: TableContent = emptyTable
  /** What the table's chains and sets were declared as; undefined when that is not known. */
  #structure: string | undefined
  /** Whether devices may have schedulers of ours. */
  #scheduled = true

  get plan(): KernelPlan {
    return this.#plan
  }

  /** Learns what an agent before this one left behind. */
  async takeUp(): Promise<void> {
    this.#content = await readContent()
    this.#structure = undefined
    this.#scheduled = true
  }

  /**
   * Brings the kernel to the plan. Rules change in one transaction; a drop is in force when this returns.
   * @param clock milliseconds, monotonic
   * @throws KernelRefused, ForeignScheduler; the rules are then as before
   */
  async apply(plan: KernelPlan, clock: () => number): Promise<void> {
    const schedules = plan.steering.length > 0 || plan.loses
    const removeRest = schedules || this.#scheduled ? await prepareSchedulers(plan) : undefined
    this.#scheduled = true
    await this.#write(plan, clock)
    this.#plan = plan
    await removeRest?.()
    this.#scheduled = schedules
  }

  /** What met each part so far, by its key. */
  async counts(): Promise<Map<string, PartCounts>> {
    return (await this.read()).counts
  }

  /** The kernel's counters, by part, and each once. */
  async read(): Promise<{ readonly counts: Map<string, PartCounts>; readonly meters: Map<string, Meter> }> {
    const { parts, steering } = this.#plan
    if (parts.length === 0) return { counts: new Map(), meters: new Map() }
    const counters = parseCounters(await run('nft', ['-j', 'list', 'counters', 'table', ...TABLE.split(' ')]))
    const qdiscs = steering.length > 0 ? await allQdiscs() : []
    const meters = new Map<string, Meter>()
    for (const { key, minor } of steering) {
      const packets = qdiscs.reduce((sum, qdisc) => (qdisc.handle === minor ? sum + qdisc.packets : sum), 0)
      meters.set(`class ${key}`, { metered: 'shaped', packets })
    }
    const counts = new Map<string, PartCounts>()
    for (const part of parts) {
      const classes = steering
        .filter(({ members }) => part.direction === 'out' && part.addresses.some(({ text }) => members.has(text)))
        .map(({ minor }) => minor)
      const own = qdiscs.filter(({ handle }) => classes.includes(handle))
      const sum = (name: 'packets' | 'bytes' | 'drops'): number => own.reduce((total, qdisc) => total + qdisc[name], 0)
      const met = counters.get(partName(part)) ?? noCount
      const lost = counters.get(lostName(part)) ?? noCount
      const shaped = { packets: sum('packets'), bytes: sum('bytes'), overflowed: sum('drops') }
      counts.set(part.key, { met, lost, shaped })
      meters.set(part.key, { metered: part.direction, packets: part.link.drop ? met.packets : lost.packets })
    }
    return { counts, meters }
  }

  async #write(plan: KernelPlan, clock: () => number): Promise<void> {
    if (plan.parts.length === 0) {
      await transact(removeTable)
      this.#content = emptyTable
      this.#structure = undefined
      return
    }
    const script = compileNft(plan, this.#content, clock())
    const same = script.structure === this.#structure
    try {
      await transact(same ? script.members : script.full)
    } catch (error) {
      if (!(error instanceof KernelRefused) || error.missing) throw error
      // Somebody else may have changed the table: look, and write all of it.
      await transact(compileNft(plan, await readContent(), clock()).full)
    }
    this.#content = script.content
    this.#structure = script.structure
  }
}

const transact = (script: string): Promise<string> => run('nft', ['-f', '-'], script)

async function readContent(): Promise<TableContent> {
  try {
    return parseContent(await run('nft', ['-j', '-t', 'list', 'table', ...TABLE.split(' ')]))
  } catch (error) {
    // There is no such table.
    if (error instanceof KernelRefused && !error.missing) return emptyTable
    throw error
  }
}

const allQdiscs = async () => (await Promise.all((await devices()).map(qdiscsOf))).flat()
