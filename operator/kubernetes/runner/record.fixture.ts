// A recorded run out of a few steps, for tests.
import { RUN_VERSION, type RunRecord, type Sample } from '../../../api/run.ts'

export interface Step {
  readonly node: string
  /** It has another head than at its sample before. */
  readonly moved: boolean
  readonly silent: boolean
}

const hash = (node: string, height: number): string => `${node}${height}`.padEnd(64, '0')

export function recordOf(steps: readonly Step[]): RunRecord {
  const heights = new Map<string, number>()
  const samples = steps.map(({ node, moved, silent }, index): Sample => {
    const known = heights.get(node)
    const told = !silent && (moved || known === undefined)
    const height = (known ?? 0) + (told ? 1 : 0)
    if (!silent) heights.set(node, height)
    const status = {
      pid: 1,
      startedAt: 1,
      head: { hash: hash(node, height), height },
      finalized: { hash: hash(node, 0), height: 0 },
      peers: 2,
      mesh: {},
      pool: 0,
      reorgs: { count: 0, deepest: 0 },
      ...(told && { recent: [hash(node, height), hash(node, height - 1)] }),
    }
    return { round: index + 1, at: index + 1, node, status: silent ? null : status }
  })
  return {
    version: RUN_VERSION,
    experiment: {
      name: 'x',
      testnet: 't',
      seed: 's',
      injector: 'auto',
      steadyState: { withinMs: 1_000, samples: 2, finalizing: false },
      faults: [
        {
          name: 'cut',
          atMs: 0,
          durationMs: 1_000,
          select: {},
          action: { kind: 'partition', shape: 'halves', direction: 'both' },
        },
      ],
      heal: { withinMs: 1_000, samples: 2, lostBlocks: 0 },
    },
    testnet: {
      name: 't',
      seed: 's',
      blockIntervalMs: 1_000,
      checkpointInterval: 4,
      quorum: { numerator: 2, denominator: 3 },
      nodes: ['a', 'b', 'c'].map(name => ({
        name,
        group: 'g',
        role: 'miner',
        region: 'r',
        weight: 1,
        peerId: name,
        host: '',
      })),
    },
    injector: 'kernel',
    phases: [{ phase: 'inject', at: 1 }],
    steady: true,
    aborted: null,
    windows: [],
    samples,
    events: [],
    gaps: [],
    canaryAccounts: 0,
    canaries: [],
    notes: [],
  }
}
