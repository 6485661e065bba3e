import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EndPhase } from '../../../api/status.ts'
import { isOver } from './run.ts'
import type { StoredExperiment } from './stored-experiment.ts'
import { experiment, iso, planAt, T0, written } from './worlds.fixture.ts'

const MINUTE = 60_000

/** The experiments of a testnet over time: what a plan makes and removes is there at the next look. */
class Lab {
  experiments: StoredExperiment[]
  now = T0
  readonly made: string[] = []
  readonly seeds: string[] = []

  constructor(spec: object) {
    this.experiments = [experiment('nightly', { spec })]
  }

  /** `until`: how many writes are made before the operator dies. */
  look(until = Number.POSITIVE_INFINITY): number | undefined {
    let writes = 0
    const may = () => writes++ < until
    const { experiments, requeueAfterMs } = planAt(this.now, { experiments: this.experiments })
    for (const plan of experiments) {
      const { name } = plan.experiment.metadata
      if (plan.status && may())
        this.experiments = this.experiments.map(each => (each.metadata.name === name ? written(plan) : each))
      for (const { object, resource } of plan.create) {
        if (resource.plural !== 'chaosexperiments' || !may()) continue
        if (this.experiments.some(({ metadata }) => metadata.name === object.metadata.name)) continue
        const run = object as StoredExperiment
        this.made.push(run.metadata.name)
        this.seeds.push((run.spec as { seed: string }).seed)
        const metadata = {
          ...run.metadata,
          uid: `u-${run.metadata.name}`,
          creationTimestamp: iso(this.now),
          generation: 1,
        }
        this.experiments.push({ ...run, metadata })
      }
      for (const { name: removed } of plan.remove)
        if (may()) this.experiments = this.experiments.filter(({ metadata }) => metadata.name !== removed)
    }
    return requeueAfterMs
  }

  settle(): void {
    for (let looks = 0; looks < 4; looks++) this.look()
  }

  get series(): StoredExperiment {
    return this.experiments[0]!
  }

  get runs(): string[] {
    return this.experiments.slice(1).map(({ metadata }) => metadata.name)
  }

  end(phase: EndPhase): void {
    this.experiments = this.experiments.map(each =>
      each === this.series || isOver(each) ? each : { ...each, status: { ...each.status, phase } },
    )
  }
}

const daily = { schedule: { cron: '30 12 * * *' } }

describe('repeats', () => {
  test('run one after the other, each with its seed, and are summed up', () => {
    const lab = new Lab({ repeat: 3, seed: 's' })
    for (const phase of ['Passed', 'Failed', 'Passed'] as const) {
      lab.settle()
      expect(lab.runs.filter(name => name !== 'nightly').length).toBe(lab.made.length)
      lab.end(phase)
    }
    lab.settle()
    expect(lab.made).toEqual(['nightly-1', 'nightly-2', 'nightly-3'])
    expect(lab.seeds).toEqual(['s/1', 's/2', 's/3'])
    expect(lab.series.status).toMatchObject({
      phase: 'Failed',
      reason: 'RunsFailed',
      message: '2 of 3 runs passed, 1 failed',
      runs: { made: 3, passed: 2, failed: 1 },
    })
  })

  test('keep the newest, and their counts', () => {
    const lab = new Lab({ repeat: 6, keep: 2 })
    for (let run = 0; run < 6; run++) {
      lab.settle()
      lab.end('Passed')
    }
    lab.settle()
    expect(lab.runs).toEqual(['nightly-5', 'nightly-6'])
    expect(lab.series.status).toMatchObject({ phase: 'Passed', reason: 'AllPassed', runs: { made: 6, passed: 6 } })
  })

  test('that are aborted abort the run that goes on', () => {
    const lab = new Lab({ repeat: 3 })
    lab.settle()
    lab.experiments[0] = { ...lab.series, spec: { ...(lab.series.spec as object), abort: true } }
    lab.settle()
    expect(lab.experiments.map(({ status }) => status?.phase)).toEqual(['Aborted', 'Aborted'])
    expect(lab.made).toEqual(['nightly-1'])
  })

  test('end alike wherever an operator dies', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 3 }), { maxLength: 24 }), deaths => {
        const lab = new Lab({ repeat: 3, keep: 1 })
        for (let step = 0; step < 40 && !isOver(lab.series); step++) {
          lab.look(deaths[step])
          if (step % 3 === 2) lab.end('Passed')
        }
        lab.settle()
        expect(lab.made).toEqual(['nightly-1', 'nightly-2', 'nightly-3'])
        expect(lab.series.status).toMatchObject({ phase: 'Passed', runs: { made: 3, passed: 3 } })
      }),
      { numRuns: 60 },
    )
  })
})

describe('a schedule', () => {
  test('waits for its time, says it, and runs then', () => {
    const lab = new Lab(daily)
    expect(lab.look()).toBe(30 * MINUTE + 1)
    lab.settle()
    expect(lab.made).toEqual([])
    expect(lab.series.status).toMatchObject({
      phase: 'Pending',
      reason: 'Scheduled',
      runs: { nextTime: iso(T0 + 30 * MINUTE) },
    })
    lab.now = T0 + 30 * MINUTE
    lab.settle()
    expect(lab.made).toEqual(['nightly-1'])
    expect(lab.series.status).toMatchObject({
      reason: 'RunUnderWay',
      runs: { nextTime: iso(T0 + (24 * 60 + 30) * MINUTE) },
    })
    lab.end('Passed')
    lab.settle()
    expect(lab.made).toEqual(['nightly-1'])
  })

  test('runs once for all the times that were missed', () => {
    const lab = new Lab(daily)
    lab.settle()
    lab.now = T0 + 10 * 24 * 60 * MINUTE
    lab.settle()
    lab.end('Passed')
    lab.settle()
    expect(lab.made).toEqual(['nightly-1'])
  })

  test.each([
    ['lets go', 'refuse', ['nightly-1']],
    ['waits for', 'queue', ['nightly-1', 'nightly-2']],
  ])('%s a time that comes while a run goes on when it is to %s', (_name, whenBusy, made) => {
    const lab = new Lab({ schedule: { cron: '*/2 * * * *' }, whenBusy })
    for (const minute of [0, 2, 4]) {
      lab.now = T0 + minute * MINUTE
      lab.settle()
    }
    lab.now += 1
    lab.end('Passed')
    lab.settle()
    expect(lab.made).toEqual(made)
  })

  test('ends after so many runs', () => {
    const lab = new Lab({ ...daily, repeat: 2 })
    for (const day of [0, 1, 2]) {
      lab.now = T0 + (day * 24 * 60 + 30) * MINUTE
      lab.settle()
      lab.end('Inconclusive')
      lab.settle()
    }
    expect(lab.made).toEqual(['nightly-1', 'nightly-2'])
    expect(lab.series.status).toMatchObject({ phase: 'Inconclusive', reason: 'NotAllPassed' })
  })
})
