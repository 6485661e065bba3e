// Where the agent is tried: a and b have agents, c has none, and d asks them.
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { Endpoint } from './endpoint.ts'
import { makeWire, type Wire } from './namespaces.ts'
import { RunningAgent } from './running-agent.ts'
import { whyNot } from './tools.ts'

/** The set-up of the tests has said why. */
export const skipped = whyNot() !== undefined

export class Stage {
  readonly #ends: Record<string, Endpoint> = {}
  readonly #agents: Record<string, RunningAgent> = {}
  #wire: Wire | undefined
  #running: string[] = []
  #last = 0

  get a(): Endpoint {
    return this.#ends.a!
  }
  get b(): Endpoint {
    return this.#ends.b!
  }
  get c(): Endpoint {
    return this.#ends.c!
  }
  get agentA(): RunningAgent {
    return this.#agents.a!
  }
  get agentB(): RunningAgent {
    return this.#agents.b!
  }

  get asker(): Endpoint {
    return this.#ends.d!
  }

  /** The node at a ends at once, and another process comes in its place. */
  async replaceA(): Promise<void> {
    await this.a.kill()
    this.#ends.a = await Endpoint.start(this.a.host)
  }

  /** A name that no experiment had: an ended one stays ended. */
  experiment(): string {
    const name = `run-${++this.#last}`
    this.#running.push(name)
    return name
  }

  async start(): Promise<void> {
    this.#wire = await makeWire(4)
    const named = this.#wire.hosts.map(async (host, i) => (this.#ends['abcd'[i]!] = await Endpoint.start(host)))
    const [a, b, , d] = await Promise.all(named)
    const agents = Promise.all([a!, b!].map(end => RunningAgent.start(end.host, d!)))
    ;[this.#agents.a, this.#agents.b] = (await agents) as [RunningAgent, RunningAgent]
  }

  /** Ends the test's experiments. Nothing may stay: no rule and no scheduler. */
  async sweep(): Promise<void> {
    const names = this.#running.splice(0)
    for (const agent of Object.values(this.#agents)) {
      for (const name of names) expect((await agent.end(name)).status).toBe(200)
      expect(await agent.left()).toBe('')
    }
  }

  async stop(): Promise<void> {
    for (const agent of Object.values(this.#agents)) await agent.stop()
    for (const end of Object.values(this.#ends)) await end.stop()
    await this.#wire?.[Symbol.asyncDispose]()
  }
}

/** A stage for the tests of one file. */
export function setStage(): Stage {
  const stage = new Stage()
  beforeAll(() => stage.start())
  afterEach(() => stage.sweep())
  afterAll(() => stage.stop())
  return stage
}
