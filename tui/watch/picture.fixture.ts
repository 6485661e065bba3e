// A testnet for tests of the dashboard: as many nodes as wanted, on as many chains as named.
import type { TestnetPicture, WatchedExperiment, WatchedNode } from './model/picture.ts'
import { initialState, type State, update } from './model/state.ts'

export const NOW = 1_800_000_000_000

export const hash = (letter: string): string => letter.repeat(64)

export const node = (name: string, over: Partial<WatchedNode> = {}): WatchedNode => ({
  name,
  role: 'miner',
  group: 'miner',
  region: 'eu',
  state: 'ready',
  height: 100,
  head: hash('a'),
  finalized: 92,
  inbound: 2,
  outbound: 3,
  pool: 7,
  reorgs: 0,
  deepestReorg: 0,
  restarts: 0,
  peerId: name,
  url: '',
  pod: '',
  machine: '',
  reason: '',
  pid: 1,
  mesh: 4,
  meshes: { blocks: 4 },
  sync: { state: 'idle', target: 100 },
  stack: 'gossipsub',
  version: '0',
  startedAt: NOW - 60_000,
  justified: { hash: hash('a'), height: 96 },
  ...over,
})

/** `chains`: the names on each; the first has the highest head. */
export function picture(
  chains: readonly (readonly string[])[],
  experiments: readonly WatchedExperiment[] = [],
): TestnetPicture {
  const heads = chains.map((members, index) => ({
    hash: hash('abcdef'[index]!),
    height: 100 - index,
    count: members.length,
    members,
    forkDepth: index === 0 ? 0 : 5,
  }))
  const nodes = heads.flatMap(head => head.members.map(name => node(name, { head: head.hash, height: head.height })))
  const holds = chains.length === 1
  const reason = holds ? 'one head, height 100' : `${chains.length} heads`
  return {
    at: NOW,
    nodes,
    experiments,
    report: {
      name: 'net',
      namespace: '',
      state: 'running',
      nodes: nodes.length,
      ready: nodes.length,
      heads,
      headCount: heads.length,
      height: { min: 100 - chains.length + 1, max: 100 },
      finalized: 92,
      restarts: 0,
      ageMs: 60_000,
      place: '/state/net',
      file: 'net.yaml',
      conditions: [
        { name: 'Ready', holds: true, code: 'AllAnswer', reason: 'all answer' },
        { name: 'Converged', holds, code: holds ? 'OneHead' : 'HeadsDiffer', reason },
      ],
    },
  }
}

export const watching = (shown: TestnetPicture): State =>
  update(initialState('this machine', false, 'net'), { kind: 'testnet', picture: shown })

export const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `miner-${index}`)
