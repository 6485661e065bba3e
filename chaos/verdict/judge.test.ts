import { describe, expect, test } from 'vitest'
import type { ExperimentFault } from '../../api/experiment.ts'
import { MAX_RUN_BYTES, parseRunRecord, type RunRecord } from '../../api/run.ts'
import type { Finding, FindingId } from '../../api/verdict.ts'
import { poissonFloor } from './baseline.ts'
import { healthyRun, times } from './fixture.ts'
import { judge } from './judge.ts'

type Change = (run: RunRecord) => void

/** The verdict on the healthy run after one change. */
function judged(change: Change = () => {}) {
  const run = structuredClone(healthyRun())
  change(run)
  return judge(run)
}
const finding = (id: FindingId, change?: Change): Finding => judged(change).findings.find(entry => entry.id === id)!
const action =
  (kind: 'kill' | 'pause' | 'restart', targets: string[]): Change =>
  run => {
    run.experiment = {
      ...run.experiment,
      faults: [{ name: 'cut', atMs: 0, durationMs: 20_000, select: { names: targets }, action: { kind } }],
    }
  }
const during =
  (finality: 'advances' | 'stalls'): Change =>
  run => {
    run.experiment = { ...run.experiment, during: { finality } }
  }
/** All nodes can hear the quorum, and finalize one more checkpoint in the middle of the fault. */
const finalizesSlowly: Change = run => {
  onAllLinks({ kind: 'latency', delayMs: 1, jitterMs: 0, correlation: 0 })(run)
  for (const { at, status } of run.samples)
    if (status && at >= 30_000 && at < 50_000) status.finalized = { hash: 'm16', height: 16 }
}
/** Killed in turns of five seconds, each down for five. */
const staggered =
  (targets: string[]): Change =>
  run => {
    const action = { kind: 'kill', staggerMs: 5_000 } as const
    run.experiment = {
      ...run.experiment,
      faults: [{ name: 'cut', atMs: 0, durationMs: 5_000, select: { names: targets }, action }],
    }
    run.windows[0]!.hits = targets.map((node, turn) => ({
      node,
      at: 20_100 + turn * 5_000,
      until: 25_000 + turn * 5_000,
    }))
  }
const clock =
  (offsetMs: number): Change =>
  run => {
    const action = { kind: 'clock', offsetMs } as const
    run.experiment = {
      ...run.experiment,
      faults: [{ name: 'cut', atMs: 0, durationMs: 20_000, select: { names: ['b'] }, action }],
    }
  }
/** What the clock of b is off by during the fault; it is 7 ms off anyway, and answers take up to 400 ms. */
const clockAt =
  (offsetMs: number): Change =>
  run => {
    for (const { at, node, round, status } of run.samples) {
      const off = at > times.injected && at < times.lifted ? offsetMs : 0
      if (node === 'b' && status) status.clock = at + 7 + off - (round % 3) * 200
    }
  }
const onAllLinks =
  (action: ExperimentFault['action']): Change =>
  run => {
    run.experiment = {
      ...run.experiment,
      faults: [{ name: 'cut', atMs: 0, durationMs: 20_000, select: {}, action }],
    }
  }
const shaping = (delayMs: number): Change => onAllLinks({ kind: 'latency', delayMs, jitterMs: 0, correlation: 0 })
const limiting = (limit: { rate: number } | { loss: number }): Change =>
  onAllLinks('rate' in limit ? { kind: 'bandwidth', ...limit } : { kind: 'loss', ...limit })
const counters =
  (bytes: Partial<RunRecord['windows'][number]['counters'][number]['links'][number]>): Change =>
  run => {
    for (const { links } of run.windows[0]!.counters) for (const link of links) Object.assign(link, bytes)
  }
const all =
  (...changes: Change[]): Change =>
  run => {
    for (const change of changes) change(run)
  }
const withoutEvents =
  (...kinds: string[]): Change =>
  run => {
    run.events = run.events.filter(({ event }) => !kinds.includes(event.kind))
  }
const heal =
  (fields: object): Change =>
  run => {
    run.experiment = { ...run.experiment, heal: { ...run.experiment.heal, ...fields } }
  }
const samplesOf =
  (
    from: number,
    to: number,
    nodes: string[],
    change: (status: NonNullable<RunRecord['samples'][number]['status']>) => void,
  ): Change =>
  run => {
    for (const { at, node, status } of run.samples)
      if (status && at >= from && at < to && nodes.includes(node)) change(status)
  }
const silent =
  (from: number, to: number, nodes: string[]): Change =>
  run => {
    for (const sample of run.samples)
      if (sample.at >= from && sample.at < to && nodes.includes(sample.node)) sample.status = null
  }

test('a run that healed passes with all nine findings measured', () => {
  const verdict = judged()
  expect(verdict.findings.map(({ id, passed, value }) => [id, passed, value])).toEqual(
    verdict.findings.map(({ id, value }) => [id, true, value]),
  )
  expect(verdict).toMatchObject({ result: 'passed', fidelity: 'userspace', experiment: 'halves', testnet: 'quick' })
})

test('a recorded run judged from its file gives the same verdict', () => {
  expect(judge(parseRunRecord(JSON.stringify(healthyRun())))).toEqual(judged())
})

test.each([
  ['not JSON', '{', 'not JSON'],
  ['another version', JSON.stringify({ ...healthyRun(), version: 2 }), 'version'],
  ['no samples', JSON.stringify({ ...healthyRun(), samples: 3 }), 'samples'],
  [
    'a broken event',
    JSON.stringify({ ...healthyRun(), events: [{ node: 'a', event: { at: 1, kind: 'block' } }] }),
    'events.0.event',
  ],
  ['a broken experiment', JSON.stringify({ ...healthyRun(), experiment: {} }), 'experiment'],
])('refuses a run file: %s', (_, text, expected) => expect(() => parseRunRecord(text)).toThrow(expected))

test('refuses a run file that is too large before reading it', () => {
  expect(() => parseRunRecord({ length: MAX_RUN_BYTES + 1 } as string)).toThrow('more than')
})

describe('the fault bit', () => {
  test.each<[string, boolean | null, string, Change]>([
    ['bytes leaked', false, '4 bytes leaked', counters({ leakedBytes: 1 })],
    ['nothing held', false, 'no link held', counters({ heldBytes: 0 })],
    ['no counters', null, 'no node told', run => run.windows[0]!.counters.splice(0)],
    [
      'a block crossed',
      false,
      '1 block crossed the cut',
      run =>
        run.events.push({
          node: 'b',
          event: {
            at: 30_000,
            kind: 'block',
            hash: 'l25',
            parent: 'l24',
            height: 25,
            producer: 'a',
            delayMs: 9,
            transactions: 0,
            from: 'id-a',
          },
        }),
    ],
    [
      'a block in validation when the cut began',
      true,
      'diverged',
      run =>
        run.events.push({
          node: 'b',
          event: {
            at: 20_500,
            kind: 'block',
            hash: 'x',
            parent: 'm19',
            height: 20,
            producer: 'a',
            delayMs: 9,
            transactions: 0,
            from: 'id-a',
          },
        }),
    ],
    [
      'heads did not part',
      false,
      'did not diverge',
      run => {
        for (const sample of run.samples)
          if (sample.at > 20_000 && sample.at < 40_100)
            sample.status = structuredClone(
              run.samples.find(other => other.round === sample.round && other.node === 'a')!.status,
            )
      },
    ],
    [
      'a side that made no block and only stood still',
      true,
      'a side fell 9 blocks behind',
      run => {
        for (const sample of run.samples) {
          if (!sample.status || !['b', 'd'].includes(sample.node) || sample.at < 24_000 || sample.at > 40_500) continue
          sample.status.head = { hash: 'm20', height: 20 }
          sample.status.recent = Array.from({ length: 21 }, (_, index) => `m${20 - index}`)
        }
      },
    ],
    ['nobody answered during the cut', null, 'no sample compares', silent(20_000, 40_100, ['a', 'b', 'c', 'd'])],
    [
      'one side cannot make blocks',
      true,
      'nothing crossed',
      run => {
        for (const node of run.testnet.nodes) if (node.name === 'b' || node.name === 'd') node.weight = 0
      },
    ],
    [
      'a target was not reached',
      null,
      'could not be injected',
      run => run.windows[0]!.failures.push({ node: 'a', message: 'refused' }),
    ],
    [
      'latency seen in blocks',
      true,
      '540 ms (median), 40 ms before',
      all(shaping(500), counters({ delayedBytes: 9 }), run => {
        for (const { event } of run.events)
          if (event.kind === 'block' && event.from !== 'self' && event.at > 20_100 && event.at < 40_100)
            Object.assign(event, { delayMs: 540 })
      }),
    ],
    [
      'latency not seen in blocks',
      false,
      'the delay of 500 ms is not seen',
      all(shaping(500), counters({ delayedBytes: 9 })),
    ],
    ['latency that delayed nothing', false, 'no link delayed', shaping(500)],
    // 2,500 bytes a second for 20 s are 50,000 bytes.
    ['a narrow link', true, 'needed 80 % of', all(limiting({ rate: 2_500 }), counters({ delayedBytes: 40_000 }))],
    [
      'a link in use now and then',
      true,
      'needed 1 % of',
      all(limiting({ rate: 2_500 }), counters({ delayedBytes: 510 })),
    ],
    [
      'a link too wide to slow',
      false,
      'it slowed nothing',
      all(limiting({ rate: 1e9 }), counters({ delayedBytes: 4_000 })),
    ],
    ['loss of much traffic', true, 'about 8 pieces', all(limiting({ loss: 0.1 }), counters({ delayedBytes: 30_000 }))],
    [
      'loss that was counted',
      true,
      '4000 bytes met the loss, 4 packets lost',
      all(limiting({ loss: 0.01 }), counters({ delayedBytes: 1_000, lostPackets: 1 })),
    ],
    [
      'loss that was counted and took nothing',
      false,
      '0 packets lost',
      all(limiting({ loss: 0.1 }), counters({ delayedBytes: 30_000, lostPackets: 0 })),
    ],
    [
      'loss that may have met nothing',
      null,
      'about 0.8',
      all(limiting({ loss: 0.01 }), counters({ delayedBytes: 30_000 })),
    ],
    [
      'killed and replaced',
      true,
      'kill seen at 1 node',
      all(
        action('kill', ['b']),
        silent(20_200, 40_100, ['b']),
        samplesOf(40_100, 1e9, ['b'], status => {
          status.pid = 999
        }),
      ),
    ],
    [
      'killed, yet the same process',
      false,
      'kill was not seen',
      all(action('kill', ['b']), silent(20_200, 40_100, ['b'])),
    ],
    ['paused', true, 'pause seen', all(action('pause', ['b']), silent(20_200, 40_100, ['b']))],
    ['paused, yet it answered', false, 'pause was not seen', action('pause', ['b'])],
    [
      'restarted',
      true,
      'restart seen',
      all(
        action('restart', ['b']),
        samplesOf(25_000, 1e9, ['b'], status => {
          status.startedAt = 20_200
        }),
      ),
    ],
    [
      'killed one after the other, by each node’s own time',
      true,
      'kill seen at 2 nodes, one after the other, 5.0 s apart',
      all(
        staggered(['b', 'd']),
        silent(20_200, 24_900, ['b']),
        silent(25_200, 29_900, ['d']),
        samplesOf(25_000, 1e9, ['b'], status => {
          status.pid = 999
        }),
        samplesOf(30_000, 1e9, ['d'], status => {
          status.pid = 998
        }),
      ),
    ],
    [
      'a turn at which nothing was seen',
      false,
      'not seen at every target',
      all(
        staggered(['b', 'd']),
        silent(20_200, 24_900, ['b']),
        samplesOf(25_000, 1e9, ['b'], status => {
          status.pid = 999
        }),
      ),
    ],
    ['a clock that went ahead', true, 'clocks of 1 node seen 3.0 s ahead', all(clock(3_000), clockAt(3_010))],
    ['a clock that went the other way', false, 'not all of 1 node', all(clock(3_000), clockAt(-3_000))],
    ['a clock that hardly moved', false, 'not all of 1 node', all(clock(-3_000), clockAt(-100))],
    ['a clock that nobody told', null, 'do not tell the clocks', clock(3_000)],
    ['restarted and never seen again', null, 'do not tell', all(action('restart', ['b']), silent(20_000, 1e9, ['b']))],
  ])('%s', (_, passed, value, change) => {
    const result = finding('bit', change)
    expect([result.passed, result.value]).toEqual([passed, expect.stringContaining(value)])
    if (passed !== true)
      expect(judged(change)).toMatchObject({ result: 'inconclusive', reason: expect.stringContaining('not proved') })
  })
})

describe('connected across again', () => {
  test.each<[string, boolean | null, string, Change]>([
    ['first event', true, 'first across after 600 ms', () => {}],
    [
      'nothing across',
      false,
      'nothing came across',
      run => {
        run.events = run.events.filter(
          ({ event }) => event.at < times.gone || (event.kind === 'block' && event.from === 'self'),
        )
      },
    ],
    [
      'peers stay away',
      false,
      'peers not back',
      samplesOf(times.gone, 1e9, ['b'], status => {
        status.peers = 1
      }),
    ],
    ['too late', false, 'peers back after 850 ms', heal({ withinMs: 500 })],
    [
      'no events',
      null,
      'no event',
      run => {
        run.events = []
      },
    ],
    [
      'no samples before',
      null,
      'no samples',
      run => {
        run.samples = run.samples.filter(({ at }) => at > times.inject)
      },
    ],
  ])('%s', (_, passed, value, change) => {
    const result = finding('reconnected', change)
    expect([result.passed, result.value]).toEqual([passed, expect.stringContaining(value)])
  })
})

describe('gossip mesh', () => {
  test.each<[string, boolean | null, string, Change]>([
    ['grafted', true, 'after 700 ms', () => {}],
    [
      'never grafted',
      false,
      'not grafted',
      run => {
        run.events = run.events.filter(({ event }) => event.kind !== 'mesh' || event.at < times.gone)
      },
    ],
    [
      'kept all the while',
      true,
      'kept',
      run => {
        for (const { event } of run.events) if (event.kind === 'mesh') Object.assign(event, { peers: ['id-b'] })
      },
    ],
    ['told by sizes', true, 'after 850 ms', withoutEvents('mesh')],
    [
      'sizes stay small',
      false,
      'not grafted',
      all(
        withoutEvents('mesh'),
        samplesOf(times.gone, 1e9, ['a', 'b', 'c', 'd'], status => {
          status.mesh = { block: 1 }
        }),
      ),
    ],
    [
      'meshes never larger than a side',
      null,
      'neither',
      all(
        withoutEvents('mesh'),
        samplesOf(0, 1e9, ['a', 'b', 'c', 'd'], status => {
          status.mesh = { block: 1 }
        }),
      ),
    ],
    ['nothing was cut', null, 'no fault cut', shaping(10)],
  ])('%s', (_, passed, value, change) => {
    const result = finding('mesh', change)
    expect([result.passed, result.value]).toEqual([passed, expect.stringContaining(value)])
  })
})

describe('one head', () => {
  const fork: Change = samplesOf(times.gone, 1e9, ['b', 'd'], status => {
    status.recent = status.recent!.map((hash, depth) => (depth < 5 ? `x${hash}` : hash))
    status.head.hash = status.recent[0]!
  })
  test.each<[string, boolean | null, string, Change]>([
    ['healed', true, 'after 850 ms', () => {}],
    ['too slow', false, 'after 850 ms', heal({ withinMs: 800 })],
    ['still forked', false, 'not after 19.4 s', fork],
    ['forked where the record ends too early', null, 'not yet', all(fork, heal({ withinMs: 60_000 }))],
    [
      'stuck at one height',
      false,
      'not after',
      run => {
        const last = run.samples.findLast(({ at }) => at === 41_000)!.status
        for (const sample of run.samples) if (sample.at >= times.gone) sample.status = structuredClone(last)
      },
    ],
    ['a node stays silent', false, 'not after', silent(times.gone, 1e9, ['d'])],
    [
      'tip forks are tolerated',
      true,
      'after 850 ms',
      samplesOf(42_000, 43_000, ['b'], status => {
        status.recent = [`y${status.recent![0]}`, ...status.recent!.slice(1)]
        status.head.hash = status.recent[0]!
      }),
    ],
    [
      'no samples after',
      null,
      '0 rounds',
      run => {
        run.samples = run.samples.filter(({ at }) => at < times.gone)
      },
    ],
  ])('%s', (_, passed, value, change) => {
    const result = finding('one-head', change)
    expect([result.passed, result.value]).toEqual([passed, expect.stringContaining(value)])
  })
})

describe('reorg depth', () => {
  const gap: Change = run => run.gaps.push({ node: 'b', from: 40_000, to: 42_000 })
  test.each<[string, boolean | null, string, Change]>([
    ['within', true, '5 blocks at the deepest; a node returned at most 2 transactions to its pool', () => {}],
    ['nothing allowed', false, '5 blocks', heal({ maxReorgDepth: 0 })],
    ['no limit', null, '5 blocks', heal({ maxReorgDepth: undefined })],
    ['events missing, bounded by the node', true, '5 blocks', gap],
    [
      'events missing, the node saw deeper',
      null,
      'events of b',
      all(
        gap,
        samplesOf(times.gone, 1e9, ['b'], status => {
          status.reorgs.deepest = 20
        }),
      ),
    ],
  ])('%s', (_, passed, value, change) => {
    const result = finding('reorg-depth', change)
    expect([result.passed, result.value]).toEqual([passed, expect.stringContaining(value)])
  })
})

describe('finality', () => {
  const finalize =
    (node: string, at: number, hash: string, height: number): Change =>
    run =>
      run.events.push({ node, event: { at, kind: 'finalized', hash, height } })
  test.each<[string, boolean | null, string, Change]>([
    ['safe', true, '0 conflicts', () => {}],
    ['stalled as it should', true, '0 conflicts', during('stalls')],
    ['stalled where it should go on', false, 'nothing was finalized while the faults lasted', during('advances')],
    ['went on as it should', true, '0 conflicts', all(during('advances'), finalizesSlowly)],
    ['went on where it should stall', false, 'finalized 4 heights more', all(during('stalls'), finalizesSlowly)],
    [
      'nobody answered to tell',
      null,
      'no sample tells',
      all(during('advances'), silent(20_000, 40_200, ['a', 'b', 'c', 'd'])),
    ],
    ['two hashes at one height', false, '1 conflict', finalize('b', 50_000, 'other', 12)],
    [
      'a higher one that does not descend',
      false,
      '1 conflict',
      all(finalize('b', 45_000, 'r24', 24), finalize('a', 45_000, 'l26', 26)),
    ],
    ['a half finalizes', false, '1 checkpoint without', finalize('a', 30_000, 'm16', 16)],
    ['a vote in flight when the cut began', true, '0 checkpoints without', finalize('a', 21_000, 'm16', 16)],
    [
      'a side with the quorum may finalize',
      true,
      '0 checkpoints without',
      all(finalize('a', 30_000, 'm16', 16), run => {
        run.testnet.nodes[0]!.weight = 10
      }),
    ],
    [
      'told by samples alone',
      false,
      '4 checkpoints',
      all(
        withoutEvents('finalized'),
        samplesOf(30_000, 50_000, ['a', 'b', 'c', 'd'], status => {
          status.finalized = { hash: 'm16', height: 16 }
        }),
      ),
    ],
    [
      'events missing during the cut',
      null,
      'events of b',
      run => run.gaps.push({ node: 'b', from: 30_000, to: 31_000 }),
    ],
    [
      'nothing finalized',
      null,
      'no checkpoint was ever finalized',
      all(
        withoutEvents('finalized'),
        samplesOf(0, 1e9, ['a', 'b', 'c', 'd'], status => {
          status.finalized = { hash: 'm0', height: 0 }
        }),
      ),
    ],
    [
      'nothing recorded',
      null,
      'nothing about finality',
      run => {
        run.events = []
        run.samples = []
      },
    ],
  ])('%s', (_, passed, value, change) => {
    const result = finding('finality', change)
    expect([result.passed, result.value]).toEqual([passed, expect.stringContaining(value)])
  })
})

describe('canaries', () => {
  const fate =
    (fate: RunRecord['canaries'][number]['fate'], index = 0): Change =>
    run => {
      run.canaries[index]!.fate = fate
    }
  test.each<[string, boolean | null, string, Change]>([
    ['kept', true, '4 of 4 included', () => {}],
    ['back in the pool', true, '(1 returned from a lost branch)', fate('pool')],
    ['lost', false, '1 lost', fate('lost')],
    ['lost, and allowed', true, '1 lost', all(fate('lost'), heal({ lostTransactions: 1 }))],
    ['doubled', false, '1 doubled', fate('doubled')],
    ['unclear', null, '1 unclear', fate('unknown')],
    [
      'all refused',
      null,
      'all 4 canary transactions refused',
      run => {
        for (const canary of run.canaries) Object.assign(canary, { fate: 'refused', refused: 'pool full' })
      },
    ],
    [
      'no accounts',
      null,
      'no accounts',
      run => {
        run.canaryAccounts = 0
        run.canaries = []
      },
    ],
    [
      'none sent',
      null,
      'no canary',
      run => {
        run.canaries = []
      },
    ],
  ])('%s', (_, passed, value, change) => {
    const result = finding('canaries', change)
    expect([result.passed, result.value]).toEqual([passed, expect.stringContaining(value)])
  })
  test('missing accounts matter only when a limit is asked for', () => {
    const none: Change = run => {
      run.canaryAccounts = 0
      run.canaries = []
    }
    expect(judged(none).result).toBe('inconclusive')
    expect(judged(all(none, heal({ lostTransactions: undefined }))).result).toBe('passed')
  })
})

describe('blocks', () => {
  const gapsEverywhere: Change = run => {
    run.gaps = ['a', 'b', 'c', 'd'].map(node => ({ node, from: 30_000, to: 31_000 }))
  }
  const drop: Change = run => {
    run.events = run.events.filter(
      ({ node, event }) => !(node === 'd' && event.kind === 'block' && event.hash === 'l25'),
    )
  }
  test.each<[string, boolean | null, string, Change]>([
    ['all delivered', true, '0 of', () => {}],
    ['one lost', false, '1 of', drop],
    ['one lost, and allowed', true, '1 of', all(drop, heal({ lostBlocks: 1 }))],
    ['one lost behind a gap', true, '0 of', all(drop, run => run.gaps.push({ node: 'd', from: 30_000, to: 31_000 }))],
    [
      'one twice',
      false,
      '1 doubled',
      run => run.events.push(run.events.find(({ event }) => event.kind === 'block' && event.hash === 'l25')!),
    ],
    [
      'one made just before the fault, and imported after it began by some',
      true,
      '0 of',
      run => {
        const from = run.windows[0]!.injectedAt!
        for (const { node, event } of run.events) {
          // The clocks agree; the import of three of the nodes took its time.
          if (event.kind !== 'block' || event.hash !== 'm20') continue
          Object.assign(event, { at: from + (node === 'a' ? -1 : 30), delayMs: 2 })
        }
      },
    ],
    ['no events', null, 'no block', withoutEvents('block')],
    [
      'every process replaced on purpose, and all on one chain in the end',
      true,
      'every node ended on one chain',
      all(action('restart', ['a', 'b', 'c', 'd']), gapsEverywhere),
    ],
    [
      'every stream with gaps, one of them for no reason',
      null,
      'every event stream had gaps',
      all(action('restart', ['a', 'b', 'c']), gapsEverywhere),
    ],
    [
      'every process replaced on purpose, and one is left behind',
      null,
      'every event stream had gaps',
      all(action('restart', ['a', 'b', 'c', 'd']), gapsEverywhere, silent(58_000, 1e9, ['d'])),
    ],
    [
      'every stream with gaps',
      null,
      'every event stream',
      run => {
        run.gaps = ['a', 'b', 'c', 'd'].map(node => ({ node, from: 30_000, to: 31_000 }))
      },
    ],
  ])('%s', (_, passed, value, change) => {
    const result = finding('blocks', change)
    expect([result.passed, result.value]).toEqual([passed, expect.stringContaining(value)])
  })
})

describe('baseline', () => {
  const late =
    (delayMs: number): Change =>
    run => {
      for (const { event } of run.events)
        if (event.kind === 'block' && event.from !== 'self' && event.at > 42_000)
          Object.assign(event, { delayMs, at: event.at + delayMs - 40 })
    }
  test.each<[string, boolean | null, string, Change]>([
    ['back', true, '40 ms (median), 40 ms before', () => {}],
    ['slower', false, '400 ms (median)', late(400)],
    ['a little slower', true, '120 ms (median)', late(120)],
    [
      'too few blocks',
      false,
      '5 blocks in 19.0 s, at least 7 must come',
      run => {
        run.events = run.events.filter(({ event }) => event.kind !== 'block' || event.at < 46_000)
      },
    ],
    [
      'restarted',
      false,
      '1 node restarted',
      samplesOf(45_000, 1e9, ['c'], status => {
        status.pid = 7
      }),
    ],
    [
      'restarted on purpose',
      true,
      '40 ms',
      all(
        action('restart', ['c']),
        samplesOf(25_000, 1e9, ['c'], status => {
          status.pid = 7
        }),
      ),
    ],
    [
      'no deliveries before',
      null,
      'too few',
      run => {
        run.events = run.events.filter(({ event }) => event.at > times.inject)
      },
    ],
    ['never healed', null, 'did not heal', silent(times.gone, 1e9, ['d'])],
  ])('%s', (_, passed, value, change) => {
    const result = finding('baseline', change)
    expect([result.passed, result.value]).toEqual([passed, expect.stringContaining(value)])
  })
  test('fewest blocks that chance explains', () => {
    // P(X < 3) of Poisson(10) is 0.28 %, P(X < 2) 0.05 %.
    expect([0, 1, 10, 20].map(mean => poissonFloor(mean, 0.001))).toEqual([0, 0, 2, 8])
    expect(poissonFloor(499, 0.001)).toBeCloseTo(poissonFloor(501, 0.001), -1)
  })
})

describe('the result', () => {
  test.each<[string, string, string, Change]>([
    ['one failed finding', 'failed', 'Reorganisation depth: 5 blocks', heal({ maxReorgDepth: 0 })],
    [
      'failed findings of a fault that did not bite',
      'inconclusive',
      'not proved',
      all(heal({ maxReorgDepth: 0 }), counters({ heldBytes: 0 })),
    ],
    [
      'conflicting finality whatever else',
      'failed',
      '1 conflict',
      all(counters({ heldBytes: 0 }), run =>
        run.events.push({ node: 'b', event: { at: 50_000, kind: 'finalized', hash: 'other', height: 12 } }),
      ),
    ],
    [
      'aborted',
      'inconclusive',
      'aborted: interrupted',
      run => {
        run.aborted = 'interrupted'
      },
    ],
    [
      'no steady state',
      'inconclusive',
      'no steady state to start from: 2 head groups',
      run => {
        run.steady = false
        run.windows = []
        run.notes = ['2 head groups']
      },
    ],
    [
      'a needed finding not measured',
      'inconclusive',
      'not measured: Blocks delivered',
      run => {
        run.gaps = ['a', 'b', 'c', 'd'].map(node => ({ node, from: 50_000, to: 51_000 }))
      },
    ],
  ])('%s', (_, result, reason, change) =>
    expect(judged(change)).toMatchObject({ result, reason: expect.stringContaining(reason) }),
  )
})
