// A runner's process that is killed at a random moment of a fault, or a node's administration port that is gone: the
// nodes' own leases end it. No row and no held byte is left a second after the lease, and a runner that lives ends.
// A few run always, 100 with TRELLIS_CAMPAIGN=full; TRELLIS_SEED repeats one.
import { setTimeout as delay } from 'node:timers/promises'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { afterEach, expect, test } from 'vitest'
import type { FaultAction } from '../../api/experiment.ts'
import { seededRng } from '../../api/random.ts'
import { ALLOWANCE_MS } from '../../chaos/runner/fault.ts'
import { ChainClock } from '../../node/clock.ts'
import { ShapedConnection } from '../../node/faults/connection.ts'
import { Links } from '../../node/faults/links.ts'
import { startAdminServer } from '../../node/http/admin.ts'
import type { RunningServer } from '../../node/http/server.ts'
import { ownProcess } from '../../node/lifecycle/own-process.ts'
import { RunningRunner } from '../agent/running-runner.ts'
import { until } from '../cluster/until.ts'
import { isFull } from '../support/campaign.ts'

const rounds = isFull ? 100 : 3
const seed = process.env.TRELLIS_SEED ?? `${Date.now()}`
const lease = { lastsMs: 1_000, renewMs: 300 }
const FAULT_MS = 900
const actions: readonly FaultAction[] = [
  { kind: 'partition', shape: 'halves', direction: 'both' },
  { kind: 'latency', delayMs: 80, jitterMs: 10, correlation: 0 },
  { kind: 'bandwidth', rate: 10_000 },
  { kind: 'loss', loss: 0.5 },
]

/** What of a node obeys link rows: its links, its administration port, and a connection to the other node. */
class Obedient {
  readonly host: string
  readonly links: Links
  #server: RunningServer | undefined
  #port = 0

  constructor(host: string) {
    this.host = host
    this.links = new Links({ ownHost: host })
  }

  get url(): string {
    return `http://${this.host}:${this.#port}`
  }

  /** Listens, again where it did before. */
  async listen(): Promise<void> {
    const never = (): never => {
      throw new Error('not asked for')
    }
    this.#server = await startAdminServer({
      host: this.host,
      port: this.#port,
      control: {
        faults: this.links,
        clock: new ChainClock(),
        lifecycle: ownProcess({ dataDir: '/nonexistent', adminToken: '', servers: never }),
        disconnect: async () => false,
      },
      onDefect: error => {
        throw error
      },
    })
    this.#port = this.#server.port
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }
}

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

test(
  `a fault whose runner or node dies is over after its lease, with all it held (${rounds} experiments, seed ${seed})`,
  async () => {
    const rng = seededRng(seed)
    const [a, b] = [new Obedient('127.1.9.1'), new Obedient('127.1.9.2')]
    for (const node of [a, b]) {
      await node.listen()
      ends.push(
        () => node.links.stop(),
        () => node.close(),
      )
    }
    const [inner, other] = multiaddrConnectionPair({ delay: 0 })
    const remote = { host: b.host, peerId: 'id-b' }
    const shaped = new ShapedConnection(inner, { links: a.links, remote, rng, onLinger: () => {}, onGone: () => {} })
    let [sent, received] = [0, 0]
    other.addEventListener('message', event => {
      received += event.data.byteLength
    })
    const talk = setInterval(() => {
      sent += 200
      shaped.send(new Uint8Array(200))
    }, 10)
    ends.push(() => clearInterval(talk))
    const state = (): string => JSON.stringify({ sent, received, rows: [a, b].map(({ links }) => links.status()) })

    const times: number[] = []
    let held = 0
    for (let round = 0; round < rounds; round++) {
      const action = actions[Math.floor(rng() * actions.length)]!
      const [victim, atMs] = [round % 2 === 0 ? 'runner' : 'port of b', rng() * (FAULT_MS + 200)]
      const where = `round ${round} of seed ${seed}: ${victim} gone ${atMs.toFixed(0)} ms into ${JSON.stringify(action)}`
      const runner = await RunningRunner.start(undefined, {
        run: `${round}`,
        fault: { name: `fault-${round}`, atMs: 0, durationMs: FAULT_MS, select: {}, action },
        nodes: [a, b].map(({ host, url }, i) => ({ name: 'ab'[i]!, host, url })),
        lease,
        notAfter: Date.now() + 40_000,
      })
      ends.push(() => runner.kill())
      await delay(atMs)
      const before = sent - received
      if (victim === 'runner') await runner.kill()
      else await b.close()
      const killedAt = performance.now()
      const free = (): boolean => [a, b].every(({ links }) => links.status().length === 0)
      const whole = async (): Promise<boolean> => free() && sent - received <= 400
      const withinMs = victim === 'runner' ? lease.lastsMs + 1_000 : FAULT_MS + lease.lastsMs + 1_000
      await until(`no row and no held byte (${where})`, { withinMs, everyMs: 20, describe: state }, whole)
      times.push(performance.now() - killedAt)
      held = Math.max(held, before)
      const over = { withinMs: FAULT_MS + lease.lastsMs + ALLOWANCE_MS, describe: () => `${runner.said}` }
      let ended = false
      void runner.ended.then(() => {
        ended = true
      })
      await until(`the runner ends (${where})`, over, () => ended)
      if (victim !== 'runner') await b.listen()
    }
    times.sort((x, y) => x - y)
    const slowest = times.at(-1)!.toFixed(0)
    console.log(`${rounds} experiments, seed ${seed}: at most ${held} bytes held, free after ${slowest} ms at most`)
    expect(times).toHaveLength(rounds)
  },
  30_000 + rounds * 10_000,
)
