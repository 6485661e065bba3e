// Whatever happens to experiments, runners and the operator, in whatever order: never two runs at once, and each ends.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ExperimentStatus, Phase } from '../../../api/status.ts'
import type { Job } from '../runtime/resource.ts'
import { isOver } from './run.ts'
import type { StoredExperiment } from './stored-experiment.ts'
import { cut, endedJob, experiment, iso, job, planAt, T0, testnet, written } from './worlds.fixture.ts'

const SECOND = 1_000
/** `TRELLIS_PLAN_RUNS=1000` looks longer. */
const numRuns = Number(process.env.TRELLIS_PLAN_RUNS ?? 150)

const events = [
  'runner-says',
  'runner-ends',
  'runner-dies',
  'job-vanishes',
  'testnet-breaks',
  'testnet-heals',
  'abort',
  'delete',
  'time',
] as const
const step = fc.record({
  event: fc.constantFrom(...events),
  who: fc.nat({ max: 3 }),
  seconds: fc.integer({ min: 1, max: 120 }),
  /** Writes after which the operator dies. */
  writes: fc.option(fc.nat({ max: 4 }), { nil: Number.POSITIVE_INFINITY }),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

class Lab {
  experiments: StoredExperiment[]
  jobs = new Map<string, Job>()
  now = T0
  ready = true

  constructor(policies: readonly ('refuse' | 'queue')[]) {
    this.experiments = policies.map((whenBusy, index) =>
      experiment(`e${index}`, { spec: { whenBusy }, creationTimestamp: iso(T0 + (index % 2) * SECOND) }),
    )
  }

  happen({ event, who, seconds }: Step): void {
    this.now += seconds * SECOND
    const found = this.experiments[who % Math.max(1, this.experiments.length)]
    if (event === 'testnet-breaks' || event === 'testnet-heals') this.ready = event === 'testnet-heals'
    if (!found) return
    const { name } = found.metadata
    const runs = this.jobs.has(name) && !this.jobs.get(name)!.metadata.deletionTimestamp
    if (event === 'runner-says' && runs && !isOver(found))
      this.#say(name, { phase: 'Injecting', reason: 'x', message: '' })
    if (event === 'runner-ends' && runs) {
      if (!isOver(found)) this.#say(name, { phase: 'Passed', reason: 'Healed', message: '', endedAt: iso(this.now) })
      this.jobs.set(name, endedJob(name, 'Complete', this.now))
    }
    if (event === 'runner-dies' && runs) this.jobs.set(name, endedJob(name, 'Failed', this.now))
    if (event === 'job-vanishes') this.jobs.delete(name)
    if (event === 'abort')
      this.#change(name, each => ({ ...each, spec: { ...(each.spec as object), faults: [cut], abort: true } }))
    if (event === 'delete') {
      this.experiments = this.experiments.filter(({ metadata }) => metadata.name !== name)
      this.jobs.delete(name)
    }
  }

  look(until: number): void {
    let writes = 0
    const may = () => writes++ < until
    const storedTestnet = testnet(this.ready ? {} : { status: 'False' })
    const { experiments } = planAt(this.now, {
      experiments: this.experiments,
      jobs: [...this.jobs.values()],
      storedTestnet,
    })
    for (const plan of experiments) {
      const { name } = plan.experiment.metadata
      if (plan.status && may()) this.#change(name, () => written(plan))
      for (const { object } of plan.create)
        if (may() && object.kind === 'Job' && !this.jobs.has(name)) this.jobs.set(name, job(name))
      for (const _ of plan.remove) if (may()) this.jobs.delete(name)
    }
  }

  /** Runs that could hold faults. */
  get underWay(): string[] {
    return this.experiments.filter(each => each.status?.plan && !isOver(each)).map(({ metadata }) => metadata.name)
  }

  get phases(): (Phase | undefined)[] {
    return this.experiments.map(({ status }) => status?.phase)
  }

  #say(name: string, status: ExperimentStatus): void {
    this.#change(name, each => ({ ...each, status: { ...each.status, ...status } }))
  }

  #change(name: string, change: (each: StoredExperiment) => StoredExperiment): void {
    this.experiments = this.experiments.map(each => (each.metadata.name === name ? change(each) : each))
  }
}

test('experiments on one testnet never run at once, and all end', () => {
  const policies = fc.array(fc.constantFrom('refuse' as const, 'queue' as const), { minLength: 2, maxLength: 4 })
  fc.assert(
    fc.property(policies, fc.array(step, { maxLength: 30 }), (whenBusy, steps) => {
      const lab = new Lab(whenBusy)
      for (const each of steps) {
        lab.look(each.writes)
        expect(lab.underWay.length).toBeLessThanOrEqual(1)
        const over = new Map(
          lab.experiments.filter(isOver).map(({ metadata, status }) => [metadata.name, status?.phase]),
        )
        lab.happen(each)
        lab.look(each.writes)
        // An end is an end.
        for (const { metadata, status } of lab.experiments)
          if (over.has(metadata.name)) expect(status?.phase).toBe(over.get(metadata.name))
      }
      // Nothing happens any more but time: each has its longest time, one after the other.
      for (let looks = 0; looks < 40; looks++) {
        lab.now += 60 * SECOND
        lab.look(Number.POSITIVE_INFINITY)
        expect(lab.underWay.length).toBeLessThanOrEqual(1)
      }
      expect(
        lab.experiments.filter(each => !isOver(each)),
        lab.phases.join(),
      ).toEqual([])
      expect([...lab.jobs.values()].filter(({ status }) => !status?.conditions)).toEqual([])
    }),
    { numRuns },
  )
})
