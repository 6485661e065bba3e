// Faults on processes that overlap: a node is down while any fault wants it down, else still while any wants it still.
// Whoever drives the nodes is told only what changes, one thing at a time for each node.
import type { Lifecycle } from './target.ts'

interface Holds {
  /** Of each kill and each pause in force, when it ends by itself. */
  readonly kills: number[]
  readonly pauses: number[]
  /** What is being done to the node. */
  doing: Promise<void>
}

export class Processes {
  readonly #lifecycle: Lifecycle | undefined
  readonly #holds = new Map<string, Holds>()
  // What was begun must be undone although the run was aborted.
  readonly #always = new AbortController().signal

  constructor(lifecycle: Lifecycle | undefined) {
    this.#lifecycle = lifecycle
  }

  /** A kill or a pause of an earlier runner that is to be lifted. */
  adopt(node: string, kind: 'kill' | 'pause', until: number): void {
    const { kills, pauses } = this.#of(node)
    ;(kind === 'kill' ? kills : pauses).push(until)
  }

  kill(node: string, until: number, how?: 'pod'): Promise<void> {
    return this.#next(node, async (driver, { kills }) => {
      kills.push(until)
      await driver.kill(node, Math.max(...kills), this.#always, how)
    })
  }

  /** Lifts the kill with this end. */
  revive(node: string, until: number): Promise<void> {
    return this.#next(node, async (driver, { kills, pauses }) => {
      remove(kills, until)
      if (kills.length > 0) return
      await driver.revive(node, this.#always)
      if (pauses.length > 0) await driver.pause(node, Math.max(...pauses), this.#always)
    })
  }

  pause(node: string, until: number): Promise<void> {
    return this.#next(node, async (driver, { kills, pauses }) => {
      pauses.push(until)
      if (kills.length === 0) await driver.pause(node, Math.max(...pauses), this.#always)
    })
  }

  /** Lifts the pause with this end. */
  resume(node: string, until: number): Promise<void> {
    return this.#next(node, async (driver, { kills, pauses }) => {
      remove(pauses, until)
      if (pauses.length === 0 && kills.length === 0) await driver.resume(node, this.#always)
    })
  }

  /** Of a node that is down anyway nothing more is done: another process comes of it as well. */
  restart(node: string): Promise<void> {
    return this.#next(node, async (driver, { kills, pauses }) => {
      if (kills.length > 0) return
      await driver.restart(node, this.#always)
      if (pauses.length > 0) await driver.pause(node, Math.max(...pauses), this.#always)
    })
  }

  #of(node: string): Holds {
    const known = this.#holds.get(node)
    if (known) return known
    const holds: Holds = { kills: [], pauses: [], doing: Promise.resolve() }
    this.#holds.set(node, holds)
    return holds
  }

  async #next(node: string, act: (driver: Lifecycle, holds: Holds) => Promise<void>): Promise<void> {
    const driver = this.#lifecycle
    if (!driver) throw new Error('whoever runs the nodes offers no way to kill, pause or restart them')
    const holds = this.#of(node)
    const done = holds.doing.then(() => act(driver, holds))
    holds.doing = done.catch(() => {})
    await done
  }
}

function remove(ends: number[], until: number): void {
  const index = ends.indexOf(until)
  if (index >= 0) ends.splice(index, 1)
}
