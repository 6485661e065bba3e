// Experiments of which something is killed at a random moment: the agent, the runner, both, or the node itself. Whatever
// it was, traffic passes again within the lease and a second, the runner ends, and no rule and no scheduler is left.
// A few run always, 100 with TRELLIS_CAMPAIGN=full; TRELLIS_SEED repeats one.
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { FaultAction } from '../../api/experiment.ts'
import { seededRng } from '../../api/random.ts'
import { ALLOWANCE_MS } from '../../chaos/runner/fault.ts'
import { until } from '../cluster/until.ts'
import { key } from './running-agent.ts'
import { RunningRunner } from './running-runner.ts'
import { setStage, skipped } from './stage.ts'
import { passes } from './traffic.ts'

const rounds = process.env.TRELLIS_CAMPAIGN === 'full' ? 100 : 4
const seed = process.env.TRELLIS_SEED ?? `${Date.now()}`
const lease = { lastsMs: 1_000, renewMs: 300 }
const FAULT_MS = 900
/** The kernel's word on a lease, and what is allowed on top. */
const WITHIN_MS = lease.lastsMs + 1_000
/** A runner that is left alone: the fault, and what it may try to lift it. */
const RUNNER_WITHIN_MS = FAULT_MS + lease.lastsMs + ALLOWANCE_MS

const victims = ['agent', 'runner', 'agent and runner', 'node'] as const
const actions: readonly FaultAction[] = [
  { kind: 'partition', shape: 'halves', direction: 'both' },
  { kind: 'partition', shape: 'halves', direction: 'in' },
  { kind: 'bandwidth', rate: 20_000 },
  { kind: 'loss', loss: 0.9 },
]
const oneOf = <T>(list: readonly T[], rng: () => number): T => list[Math.floor(rng() * list.length)]!

describe.skipIf(skipped)('the net agent', () => {
  const stage = setStage()
  const healed = async (): Promise<boolean> =>
    (await passes(stage.a, stage.b)) === 'all' && (await passes(stage.b, stage.a)) === 'all'
  const left = async (): Promise<string> => (await stage.agentA.left()) + (await stage.agentB.left())

  async function experiment(round: number, rng: () => number): Promise<number> {
    const { a, b, agentA, agentB, asker } = stage
    // Each kind of victim in its turn, so that a few rounds have them all.
    const [victim, action, atMs] = [victims[round % victims.length]!, oneOf(actions, rng), rng() * (FAULT_MS + 200)]
    const where = `round ${round} of seed ${seed}: ${victim} killed ${atMs.toFixed(0)} ms into ${JSON.stringify(action)}`
    const runner = await RunningRunner.start(asker.host, {
      run: `${stage.experiment()}-${round}`,
      fault: { name: 'fault', atMs: 0, durationMs: FAULT_MS, select: {}, action },
      nodes: [
        { name: 'a', host: a.host.v4, url: agentA.url },
        { name: 'b', host: b.host.v4, url: agentB.url },
      ],
      key: key.toString('base64'),
      lease,
      notAfter: Date.now() + 40_000,
    })
    await delay(atMs)
    if (victim.includes('agent')) await agentA.kill()
    if (victim.includes('runner')) await runner.kill()
    if (victim === 'node') await stage.replaceA()
    const killedAt = performance.now()
    const others = { withinMs: RUNNER_WITHIN_MS, describe: () => `said ${runner.said}` }
    let over = false
    void runner.ended.then(() => {
      over = true
    })
    // Who renews goes on until the fault's end where only the node is gone, or the other agent has its rows still.
    if (!victim.includes('runner')) await until(`the runner ends (${where})`, others, async () => over)
    const from = victim.includes('runner') ? killedAt : performance.now()
    await until(
      `traffic passes (${where})`,
      { withinMs: WITHIN_MS - (performance.now() - from), everyMs: 30, describe: left },
      healed,
    )
    const took = performance.now() - killedAt
    if (victim.includes('agent')) await agentA.launch()
    await until(
      `nothing is left (${where})`,
      { withinMs: WITHIN_MS, describe: left },
      async () => (await left()) === '',
    )
    return took
  }

  test(
    `whatever is killed at any moment, the network is whole after the lease (${rounds} experiments, seed ${seed})`,
    async () => {
      const rng = seededRng(seed)
      const times: number[] = []
      for (let round = 0; round < rounds; round++) times.push(await experiment(round, rng))
      times.sort((x, y) => x - y)
      const [median, slowest] = [times[Math.floor(times.length / 2)]!, times.at(-1)!]
      console.log(
        `${rounds} experiments, seed ${seed}: whole ${median.toFixed(0)} ms after the kill, ${slowest.toFixed(0)} ms at most`,
      )
      expect(times).toHaveLength(rounds)
    },
    20_000 + rounds * 10_000,
  )
})
