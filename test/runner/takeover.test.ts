// A runner dies in the middle of an experiment and another goes on from its last checkpoint.
import { afterEach, expect, test } from 'vitest'
import type { Experiment, ExperimentFault } from '../../api/experiment.ts'
import { type Checkpoint, checkpointSchema } from '../../chaos/runner/checkpoint.ts'
import { ALLOWANCE_MS, LEASE_MS, RENEW_MS } from '../../chaos/runner/fault.ts'
import { runExperiment } from '../../chaos/runner/run.ts'
import type { Target } from '../../chaos/runner/target.ts'
import { Miniature } from './toy-network.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const experiment = (faults: readonly ExperimentFault[]): Experiment => ({
  name: 'test',
  testnet: 'toy',
  seed: 's',
  injector: 'auto',
  faults,
  steadyState: { withinMs: 10_000, samples: 2, finalizing: true },
  heal: { withinMs: 4_000, samples: 2, lostBlocks: 0, observeMs: 1_000 },
})
const cut: ExperimentFault = {
  name: 'cut',
  atMs: 0,
  durationMs: 4_000,
  select: {},
  action: { kind: 'partition', shape: 'halves', direction: 'both' },
}
const kill: ExperimentFault = {
  name: 'kill',
  atMs: 500,
  durationMs: 2_500,
  select: { names: ['b'] },
  action: { kind: 'kill' },
}

/** Of a target whose runner is dead: nothing it asks for happens any more. */
function mortal(target: Target): { target: Target; die: () => void } {
  let dead = false
  const guarded = <A extends unknown[], R>(act: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => (dead ? await new Promise<never>(() => {}) : await act(...args))
  }
  const { links, lifecycle } = target
  return {
    die: () => {
      dead = true
    },
    target: {
      ...target,
      links: { put: guarded(links.put), end: guarded(links.end), inForce: links.inForce },
      lifecycle: lifecycle && {
        kill: guarded(lifecycle.kill),
        pause: guarded(lifecycle.pause),
        resume: guarded(lifecycle.resume),
        revive: guarded(lifecycle.revive),
        restart: guarded(lifecycle.restart),
      },
    },
  }
}

/** Runs until `when` holds of a checkpoint, dies there, and says what was kept. */
async function diesWhen(
  target: Target,
  faults: readonly ExperimentFault[],
  when: (checkpoint: Checkpoint) => boolean,
): Promise<Checkpoint> {
  const first = mortal(target)
  const end = new AbortController()
  stops.push(() => end.abort())
  return await new Promise((resolve, reject) => {
    let died = false
    runExperiment({
      experiment: experiment(faults),
      target: first.target,
      signal: end.signal,
      onCheckpoint: async checkpoint => {
        if (!died && when(checkpoint)) {
          died = true
          first.die()
          resolve(checkpointSchema.parse(JSON.parse(JSON.stringify(checkpoint))))
        }
      },
    }).catch(reject)
  })
}

test.each<{ name: string; when: (checkpoint: Checkpoint) => boolean; kills: string[] }>([
  {
    name: 'while both faults are in force: the kill is not repeated, and its node comes back',
    when: ({ windows }) => windows.some(({ fault, injectedAt }) => fault === 'kill' && injectedAt !== null),
    kills: ['kill b', 'revive b'],
  },
  {
    name: 'between the intent to kill and the kill: it may not be made up for',
    when: ({ windows }) => windows.some(({ fault, hits }) => fault === 'kill' && hits !== undefined),
    kills: ['revive b'],
  },
])('$name', async ({ when, kills }) => {
  const toy = await new Miniature(['a', 'b', 'c', 'd']).start()
  stops.push(() => toy.stop())
  const calls: string[] = []
  const checkpoint = await diesWhen(toy.target({}, calls), [cut, kill], when)
  const before = checkpoint.windows.find(({ fault }) => fault === 'cut')!
  const { record, verdict } = await runExperiment({
    experiment: experiment([cut, kill]),
    target: toy.target({}, calls),
    checkpoint,
  })
  expect(calls).toEqual(kills)
  const [after] = record.windows
  // The clock of the experiment went on: the fault ended when it was to end, not a whole duration after the takeover.
  expect(after).toMatchObject({
    fault: 'cut',
    injectedAt: before.injectedAt,
    plannedEnd: before.plannedEnd,
    failures: [],
  })
  expect(after!.endedAt! - before.plannedEnd).toBeLessThan(1_000)
  expect(toy.nodes.map(({ rows }) => rows.size)).toEqual([0, 0, 0, 0])
  expect(record.phases.map(({ phase }) => phase)).toEqual([
    'preflight',
    'steady-state',
    'inject',
    'heal',
    'observe',
    'done',
  ])
  expect(
    verdict.findings.find(({ id }) => id === 'one-head'),
    verdict.reason,
  ).toMatchObject({ passed: true })
})

test('rows never end later than the lease, nor than the fault’s own end', async () => {
  const toy = await new Miniature(['a', 'b', 'c', 'd']).start()
  stops.push(() => toy.stop())
  const target = toy.target()
  const ends: { left: number; at: number; endsAt: number }[] = []
  const { record } = await runExperiment({
    experiment: experiment([{ ...cut, durationMs: 7_000 }]),
    target: {
      ...target,
      links: {
        ...target.links,
        put: async (node, row, options) => {
          ends.push({ left: row.endsAt - Date.now(), at: Date.now(), endsAt: row.endsAt })
          await target.links.put(node, row, options)
        },
      },
    },
  })
  const { plannedEnd } = record.windows[0]!
  for (const { left, endsAt } of ends) {
    expect(left).toBeLessThanOrEqual(LEASE_MS)
    expect(endsAt).toBeLessThanOrEqual(plannedEnd + ALLOWANCE_MS + 1)
  }
  expect(ends).toHaveLength(toy.nodes.length * (1 + Math.floor(7_000 / RENEW_MS)))
})

test('a checkpoint that cannot be kept ends the run: a successor would not know what was done', async () => {
  const toy = await new Miniature(['a', 'b', 'c', 'd']).start()
  stops.push(() => toy.stop())
  const calls: string[] = []
  const { verdict } = await runExperiment({
    experiment: experiment([kill]),
    target: toy.target({}, calls),
    onCheckpoint: async () => {
      throw new Error('no space left')
    },
  })
  expect(calls).toEqual([])
  expect(verdict).toMatchObject({
    result: 'inconclusive',
    reason: 'aborted: the state of the run could not be kept: no space left',
  })
})
