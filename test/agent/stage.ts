// Where the agent is tried: a and b have agents, c has none, and d asks them.
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { Link, LinkRow } from '../../api/link.ts'
import { Endpoint } from './endpoint.ts'
import { type Host, makeWire, type Wire } from './namespaces.ts'
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

/** The row's peer is reached by both of its addresses. */
export const rowTo = (
  id: string,
  to: Host,
  links: Partial<Record<'in' | 'out', Partial<Link>>>,
  endsInMs = 40_000,
): LinkRow => ({
  id,
  endsAt: Date.now() + endsInMs,
  classes: Object.entries(links).map(([direction, link]) => ({
    direction: direction as 'in' | 'out',
    link: { drop: false, ...link },
    peers: [to.v4, to.v6].map(host => ({ name: to.namespace, host, peerId: to.namespace })),
  })),
})
export const drop = { drop: true }
export const bothWays = { in: drop, out: drop }

export const families = ['v4', 'v6'] as const
/** How many of so many datagrams arrive. */
async function arriving(from: Endpoint, to: Endpoint, family: 'v4' | 'v6', count = 5): Promise<number> {
  const seen = () => to.received(from.host[family])
  await seen()
  await from.send(to.host[family], count, 1)
  let arrived = (await seen()).length
  // Over a device of this machine they need no time; those that are late make no difference to what is dropped.
  if (arrived < count) arrived += await delay(100).then(async () => (await seen()).length)
  return arrived
}
/** How much of what one end sends to the other's two addresses arrives: `all` or `none`. */
export const passes = async (from: Endpoint, to: Endpoint): Promise<string> => {
  const counts = await Promise.all(families.map(family => arriving(from, to, family)))
  return counts.every(count => count === 5) ? 'all' : counts.every(count => count === 0) ? 'none' : `${counts} of 5`
}

/** Sends to the other end every few milliseconds; when each datagram arrived there. */
export async function arrivals(from: Endpoint, to: Endpoint, forMs: number): Promise<number[]> {
  await to.received(from.host.v4)
  const everyMs = 10
  await from.send(to.host.v4, forMs / everyMs, everyMs)
  return await to.received(from.host.v4)
}
