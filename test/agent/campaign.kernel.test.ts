// The agent is killed at random moments of experiments. TRELLIS_CAMPAIGN_ROUNDS and TRELLIS_SEED repeat and lengthen it.
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { seededRng } from '../../api/random.ts'
import { until } from '../cluster/until.ts'
import { bothWays, drop, passes, rowTo, setStage, skipped } from './stage.ts'

const rounds = Number(process.env.TRELLIS_CAMPAIGN_ROUNDS ?? 4)
const seed = process.env.TRELLIS_SEED ?? `${Date.now()}`
const leaseMs = 700

describe.skipIf(skipped)('the net agent', () => {
  const stage = setStage()

  test(
    `killed at any moment, leaves the network whole after the lease (seed ${seed})`,
    async () => {
      const rng = seededRng(seed)
      const { a, b, agentA } = stage
      const faults = [
        { ...bothWays },
        { in: drop },
        { out: { rate: 20_000, loss: 0.5 } },
        { in: { loss: 0.9 }, out: drop },
      ]
      for (let round = 0; round < rounds; round++) {
        const name = stage.experiment()
        const fault = faults[Math.floor(rng() * faults.length)]!
        const where = `round ${round}, ${JSON.stringify(fault)}`
        // Put, renew and end follow each other; the kill falls into any of them or between. Requests die with the agent.
        const story = async (): Promise<void> => {
          await agentA.put(name, [rowTo('fault', b.host, fault)], leaseMs)
          await agentA.renew(name, leaseMs)
          await agentA.end(name)
        }
        const told = story().catch(() => {})
        await delay(rng() * 250)
        await agentA.kill()
        const killed = performance.now()
        await told
        await until(
          `the network is whole (${where})`,
          { withinMs: leaseMs + 1_000, everyMs: 30 },
          async () => (await passes(a, b)) === 'all' && (await passes(b, a)) === 'all',
        )
        expect(performance.now() - killed, where).toBeLessThan(leaseMs + 1_000)
        await agentA.launch()
        await until(
          `nothing is left (${where})`,
          { withinMs: leaseMs + 1_000, describe: () => agentA.left() },
          async () => (await agentA.left()) === '',
        )
      }
    },
    20_000 + rounds * 5_000,
  )
})
