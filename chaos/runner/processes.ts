// Faults on processes that overlap: a node is down while any fault wants it down, else still while any wants it still.
// Whoever drives the nodes is told only what changes, one thing at a time for each node.
import type { Lifecycle } from './target.ts'

interface Holds {
  kills: number
  pauses: number
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
  adopt(node: string, kind: 'kill' | 'pause'): void {
    const holds = this.#of(node)
    if (kind === 'kill') holds.kills++
    else holds.pauses++
  }

  kill(node: string): Promise<void> {
    return this.#next(node, async (driver, holds) => {
      if (holds.kills++ === 0) await driver.kill(node, this.#always)
    })
  }

  /** Lifts a kill. */
  revive(node: string): Promise<void> {
    return this.#next(node, async (driver, holds) => {
      if (--holds.kills > 0) return
      await driver.restart(node, this.#always)
      if (holds.pauses > 0) await driver.pause(node, this.#always)
    })
  }

  pause(node: string): Promise<void> {
    return this.#next(node, async (driver, holds) => {
      if (holds.pauses++ === 0 && holds.kills === 0) await driver.pause(node, this.#always)
    })
  }

  resume(node: string): Promise<void> {
    return this.#next(node, async (driver, holds) => {
      if (--holds.pauses === 0 && holds.kills === 0) await driver.resume(node, this.#always)
    })
  }

  /** Of a node that is down anyway nothing more is done: another process comes of it as well. */
  restart(node: string): Promise<void> {
    return this.#next(node, async (driver, holds) => {
      if (holds.kills > 0) return
      await driver.restart(node, this.#always)
      if (holds.pauses > 0) await driver.pause(node, this.#always)
    })
  }

  #of(node: string): Holds {
    const known = this.#holds.get(node)
    if (known) return known
    const holds: Holds = { kills: 0, pauses: 0, doing: Promise.resolve() }
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
