import { describe, expect, test } from 'vitest'
import type { ExperimentStatus } from '../../../api/status.ts'
import { GONE_WITHIN_MS, LAST_WORD_MS } from './deadlines.ts'
import { PROMPTLY_AFTER_MS } from './runner-pods.ts'
import type { StoredExperiment } from './stored-experiment.ts'
import type { ChaosWorld } from './world.ts'
import { cut, endedJob, experiment, iso, job, planAt, planOfOne, pod, T0, testnet, written } from './worlds.fixture.ts'

const SECOND = 1_000
const inShort = ({ phase, reason }: ExperimentStatus = {}) => [phase, reason]
const plan: NonNullable<ExperimentStatus['plan']> = { seed: 'a', endsBy: iso(T0 + 600 * SECOND), faults: [] }
const running = (name: string, status: ExperimentStatus = {}) =>
  experiment(name, { status: { plan, phase: 'Injecting', reason: 'FaultsInForce', message: 'm', ...status } })

describe('an experiment that waits', () => {
  test('is planned and gets its runner when the testnet is ready', () => {
    const a = planOfOne(T0, 'a', { experiments: [experiment('a')] })
    expect(inShort(a.status)).toEqual(['Pending', 'RunnerStarting'])
    expect(a.status?.plan).toMatchObject({
      seed: 'a',
      faults: [{ name: 'cut', action: 'partition', targets: 4, at: '0s', until: '10s' }],
    })
    // 60 s for the steady state, 10 s of fault, 30 s to heal, ten blocks of baseline, and what starting takes.
    expect(Date.parse(a.status!.plan!.endsBy) - T0).toBe((60 + 10 + 30 + 10 + 180 + 30 + 120) * SECOND)
    expect(a.create.map(({ object }) => `${object.kind} ${object.metadata.name}`)).toEqual([
      'ServiceAccount a--runner',
      'RoleBinding a--runner',
      'Job a--runner',
    ])
    expect(a.notices.map(({ reason }) => reason)).toEqual(['Planned'])
  })

  test.each<[string, Partial<ChaosWorld>, object, string[], RegExp]>([
    ['no testnet', { storedTestnet: undefined }, {}, ['Pending', 'TestnetNotFound'], /there is no Testnet net/],
    [
      'a testnet that goes',
      { storedTestnet: { ...testnet(), metadata: { ...testnet().metadata, deletionTimestamp: iso(T0) } } },
      {},
      ['Pending', 'TestnetNotFound'],
      /being deleted/,
    ],
    [
      'a testnet nobody knows anything of',
      { storedTestnet: testnet(null) },
      {},
      ['Pending', 'TestnetNotReady'],
      /nothing is known/,
    ],
    [
      'a testnet that is not ready',
      { storedTestnet: testnet({ status: 'False', reason: 'HeadsDiffer', message: 'two heads' }) },
      {},
      ['Pending', 'TestnetNotReady'],
      /not Ready: HeadsDiffer: two heads/,
    ],
    [
      'a testnet that was ready before it was changed',
      { storedTestnet: testnet({ observedGeneration: 0 }) },
      {},
      ['Pending', 'TestnetNotReady'],
      /nothing is known/,
    ],
    [
      'a group there is none of',
      {},
      { faults: [{ ...cut, select: { groups: ['minerz'] } }] },
      ['Inconclusive', 'Invalid'],
      /spec\.faults\[0\]\.select\.groups\[0\] the testnet has no group `minerz`: did you mean `miners`/,
    ],
    [
      'an empty selection',
      {},
      { faults: [{ ...cut, select: { groups: ['boot'], roles: ['miner'] } }] },
      ['Inconclusive', 'Invalid'],
      /no node matches/,
    ],
    [
      'a spec of another version',
      {},
      { faults: [{ ...cut, explode: {} }] },
      ['Inconclusive', 'Invalid'],
      /does not understand the spec.*explode/,
    ],
    ['a duration beyond the limit', {}, { faults: [{ ...cut, duration: '25h' }] }, ['Inconclusive', 'Invalid'], /24h/],
    [
      'kernel faults that are not allowed',
      {},
      { injector: 'kernel' },
      ['Inconclusive', 'Unsupported'],
      /spec\.chaos\.kernel/,
    ],
    ['an abort', {}, { abort: true }, ['Aborted', 'Aborted'], /before it began/],
  ])('because of %s', (_name, more, spec, phase, words) => {
    const { status, create } = planOfOne(T0, 'a', { experiments: [experiment('a', { spec })], ...more })
    expect(inShort(status)).toEqual(phase)
    expect(status?.message).toMatch(words)
    expect(create).toEqual([])
  })

  test('needs no finality where it says so', () => {
    const storedTestnet = testnet({ status: 'False', reason: 'NotFinalizing' })
    const a = experiment('a', { spec: { steadyState: { finalizing: false } } })
    expect(planOfOne(T0, 'a', { experiments: [a], storedTestnet }).create).toHaveLength(3)
  })

  test('gives up when the testnet does not come in the time of its steady state', () => {
    const without = { storedTestnet: undefined }
    let a = experiment('a', { spec: { steadyState: { within: '30s' } } })
    const at = (now: number) => planOfOne(now, 'a', { experiments: [a], ...without })
    a = written(at(T0 + 5 * SECOND))
    expect(a.status?.waitingSince).toBe(iso(T0 + 5 * SECOND))
    expect(planAt(T0 + 20 * SECOND, { experiments: [a], ...without }).requeueAfterMs).toBe(15 * SECOND + 1)
    expect(at(T0 + 20 * SECOND).status).toBeUndefined()
    const { status } = at(T0 + 35 * SECOND)
    expect(inShort(status)).toEqual(['Inconclusive', 'NoSteadyState'])
    expect(status?.message).toContain('there is no Testnet net in this namespace; that was waited for 30s')
    expect(status?.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'Accepted False',
      'Complete True',
      'Passed False',
    ])
  })
})

describe('two experiments on a testnet', () => {
  const later = (name: string, spec: object = {}) => experiment(name, { spec, creationTimestamp: iso(T0 + SECOND) })

  test.each<[string, StoredExperiment[], string[]]>([
    [
      'the one that runs goes first, however old the other is',
      [running('z'), experiment('a')],
      ['Inconclusive', 'Busy'],
    ],
    ['it may wait', [running('z'), experiment('a', { spec: { whenBusy: 'queue' } })], ['Pending', 'Queued']],
    ['the older one goes first', [experiment('z'), later('a')], ['Inconclusive', 'Busy']],
    [
      'one that is over is in nobody’s way',
      [experiment('z', { status: { phase: 'Failed' } }), later('a')],
      ['Pending', 'RunnerStarting'],
    ],
  ])('%s', (_name, experiments, phase) => {
    const { status } = planOfOne(T0, 'a', { experiments, jobs: [job('z')] })
    expect(inShort(status)).toEqual(phase)
    if (phase[1] === 'Busy') expect(status?.message).toContain('z has testnet net')
  })

  test('never begin at once, in whatever order they are seen', () => {
    const both = [later('b', { whenBusy: 'queue' }), experiment('a', { spec: { whenBusy: 'queue' } })]
    for (const experiments of [both, [...both].reverse()]) {
      const plans = planAt(T0, { experiments }).experiments
      expect(plans.map(({ experiment, create }) => [experiment.metadata.name, create.length])).toEqual([
        ['a', 3],
        ['b', 0],
      ])
    }
  })

  test('the second one waits for the runner of a deleted one, but not for ever', () => {
    const gone = pod('old', { phase: 'Running' }, { deletionTimestamp: iso(T0) })
    const at = (now: number) => planOfOne(now, 'a', { experiments: [experiment('a')], pods: [gone] })
    expect(inShort(at(T0 + SECOND).status)).toEqual(['Pending', 'Queued'])
    expect(at(T0 + SECOND).status?.message).toContain('the runner of old, which was deleted, still heals')
    expect(at(T0 + GONE_WITHIN_MS).create).toHaveLength(3)
  })
})

describe('an experiment that runs', () => {
  const at = (now: number, a: StoredExperiment, more: Partial<ChaosWorld> = {}) =>
    planOfOne(now, 'a', { experiments: [a], jobs: [job('a')], ...more })
  const settled = (a: StoredExperiment, more: Partial<ChaosWorld> = {}) => written(at(T0, a, more))

  test('is left to its runner', () => {
    const a = settled(running('a'))
    expect(at(T0 + 60 * SECOND, a)).toMatchObject({ status: undefined, create: [], remove: [], notices: [] })
    // Not even when the testnet is not what it should be: that is the point of it.
    const broken = { storedTestnet: testnet({ status: 'False' }) }
    expect(at(T0 + 60 * SECOND, a, broken)).toMatchObject({ status: undefined, create: [], remove: [] })
  })

  test('gets its runner again when the Job is gone, until its end', () => {
    const a = settled(running('a'))
    expect(at(T0, a, { jobs: [] }).create).toHaveLength(3)
    expect(inShort(at(T0 + 601 * SECOND, a, { jobs: [] }).status)).toEqual(['Inconclusive', 'DeadlineExceeded'])
    const leaving = job('a', { active: 1 }, { deletionTimestamp: iso(T0) })
    expect(at(T0, a, { jobs: [leaving] }).create).toEqual([])
    const goneTestnet = { jobs: [], storedTestnet: undefined }
    expect(inShort(at(T0, a, goneTestnet).status)).toEqual(['Inconclusive', 'TestnetGone'])
  })

  test('that was refused says why, and is tried again', () => {
    const a = running('a', { phase: 'Pending', reason: 'RunnerStarting' })
    const { status, create } = at(T0, a, { jobs: [], refusals: new Map([['u-a', 'Job a--runner was refused: quota']]) })
    expect([...inShort(status), status?.message]).toEqual([
      'Pending',
      'RunnerRefused',
      'Job a--runner was refused: quota',
    ])
    expect(create).toHaveLength(3)
  })

  const dead = pod('a', {
    phase: 'Failed',
    containerStatuses: [
      {
        name: 'runner',
        image: '',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { terminated: { exitCode: 1, message: 'x\nboiler burst\n' } },
      },
    ],
  })

  test.each<[string, ReturnType<typeof endedJob>, string, RegExp]>([
    [
      'whose runners died',
      endedJob('a', 'Failed', T0),
      'RunnerFailed',
      /replacements too; its last word: boiler burst/,
    ],
    ['that took too long', endedJob('a', 'Failed', T0, 'DeadlineExceeded'), 'DeadlineExceeded', /was to be over by/],
    ['whose runner said nothing', endedJob('a', 'Complete', T0), 'RunnerSilent', /without a verdict/],
  ])('%s is inconclusive, after a moment for the last word', (_name, ended, reason, words) => {
    const a = settled(running('a'))
    const more = { jobs: [ended], pods: [dead] }
    expect(at(T0 + LAST_WORD_MS - 1, a, more).status).toBeUndefined()
    const { status, notices } = at(T0 + LAST_WORD_MS, a, more)
    expect(inShort(status)).toEqual(['Inconclusive', reason])
    expect(status?.message).toMatch(words)
    expect(notices).toMatchObject([{ type: 'Warning', reason }])
  })

  const atWork = { creationTimestamp: iso(T0 - PROMPTLY_AFTER_MS) }
  test.each<[string, Partial<ChaosWorld>]>([
    ['died', { pods: [dead] }],
    ['is taken away', { pods: [pod('a', { phase: 'Running' }, { deletionTimestamp: iso(T0) })] }],
    ['is gone', { jobs: [job('a', { failed: 1 }, atWork)] }],
  ])('whose runner %s gets another one at once, from a Job of its own', (_name, more) => {
    const a = settled(running('a'))
    const { status, create, remove, notices } = at(T0, a, { jobs: [job('a', { active: 1 }, atWork)], ...more })
    expect(remove).toMatchObject([{ name: 'a--runner', uid: 'u-a-job', atOnce: true }])
    expect([status, create]).toEqual([undefined, []])
    expect(notices).toMatchObject([{ type: 'Warning', reason: 'RunnerReplaced' }])
    expect(at(T0, a, { jobs: [] }).create).toHaveLength(3)
  })

  test.each<[string, Partial<ChaosWorld>]>([
    ['died young', { jobs: [job('a', { active: 1 }, { creationTimestamp: iso(T0 - SECOND) })], pods: [dead] }],
    ['died again', { jobs: [job('a', { failed: 2 }, atWork)] }],
    ['ended in order', { jobs: [job('a', {}, atWork)], pods: [pod('a', { phase: 'Succeeded' })] }],
    ['has a successor', { jobs: [job('a', { failed: 1 }, atWork)], pods: [dead, pod('a', { phase: 'Running' })] }],
    ['is not there yet', { jobs: [job('a', {}, atWork)] }],
  ])('whose runner %s is left to its Job', (_name, more) => {
    expect(at(T0, settled(running('a')), more)).toMatchObject({ remove: [], create: [], notices: [] })
  })

  test('past its end is ended although its Job is not', () => {
    const a = settled(running('a'))
    const { status, remove } = at(T0 + 600 * SECOND + GONE_WITHIN_MS + 1, a)
    expect(inShort(status)).toEqual(['Inconclusive', 'DeadlineExceeded'])
    expect(remove).toMatchObject([{ name: 'a--runner', uid: 'u-a-job' }])
  })

  test('is aborted by taking its runner away, and says so when that is gone', () => {
    const a = settled({ ...running('a'), spec: { testnet: 'net', faults: [cut], abort: true } })
    expect(at(T0, a).remove).toMatchObject([{ name: 'a--runner', uid: 'u-a-job' }])
    expect(at(T0, a).status).toBeUndefined()
    expect(inShort(at(T0, a, { jobs: [] }).status)).toEqual(['Aborted', 'Aborted'])
    const leaving = job('a', { active: 1 }, { deletionTimestamp: iso(T0) })
    expect(at(T0 + GONE_WITHIN_MS - 1, a, { jobs: [leaving] })).toMatchObject({ status: undefined, remove: [] })
    // On a machine that is lost.
    const { status } = at(T0 + GONE_WITHIN_MS, a, { jobs: [leaving] })
    expect(inShort(status)).toEqual(['Aborted', 'RunnerLost'])
    expect(status?.message).toContain('lapsed with its lease')
  })

  test.each<[string, Partial<ChaosWorld>, string]>([
    [
      'no image',
      {
        pods: [
          pod('a', {
            phase: 'Pending',
            containerStatuses: [
              {
                name: 'runner',
                image: '',
                imageID: '',
                ready: false,
                restartCount: 0,
                state: { waiting: { reason: 'ImagePullBackOff', message: 'm' } },
              },
            ],
          }),
        ],
      },
      'ImagePullBackOff',
    ],
    [
      'no machine',
      {
        pods: [
          pod('a', {
            phase: 'Pending',
            conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }],
          }),
        ],
      },
      'RunnerUnschedulable',
    ],
    [
      'no pod',
      {
        warnings: [
          {
            metadata: { name: 'e' },
            eventTime: iso(T0),
            regarding: { kind: 'Job', name: 'a--runner' },
            note: 'violates PodSecurity',
          },
        ],
      },
      'RunnerRefused',
    ],
    ['a first death', { pods: [dead] }, 'RunnerReplaced'],
  ])('says what keeps its runner: %s', (_name, more, reason) => {
    const a = running('a', { phase: 'Pending', reason: 'RunnerStarting' })
    expect(inShort(at(T0, a, more).status)).toEqual(['Pending', reason])
  })

  test('that is over is told once, and left alone', () => {
    const a = running('a', { phase: 'Passed', reason: 'Healed', message: 'healed', endedAt: iso(T0) })
    const first = at(T0, a)
    expect(first.notices).toEqual([{ type: 'Normal', reason: 'Healed', note: 'healed' }])
    expect(first.status?.conditions?.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).toEqual([
      'Accepted True Planned',
      'Complete True Healed',
      'Passed True Healed',
    ])
    const quiet = { status: undefined, create: [], remove: [], notices: [] }
    expect(at(T0 + SECOND, written(first))).toMatchObject(quiet)
    expect(at(T0 + SECOND, written(first), { jobs: [endedJob('a', 'Complete', T0)] })).toMatchObject(quiet)
    // A runner that does not end is ended.
    expect(at(T0 + GONE_WITHIN_MS + SECOND, written(first)).remove).toHaveLength(1)
  })

  test('that is being deleted is left to the garbage collector', () => {
    const a = experiment('a', { deletionTimestamp: iso(T0), status: { plan, phase: 'Injecting' } })
    expect(at(T0, a, { jobs: [] })).toMatchObject({ create: [], remove: [] })
  })
})
