// What the dashboard makes of the words of a cluster.
import { describe, expect, test } from 'vitest'
import type { NodeEvent } from '../../../api/observation.ts'
import type { NodeView, TestnetView } from '../../../api/read-api.ts'
import { clusterExperiment } from './cluster-experiment.ts'
import { HeardBlocks, MAX_HEARD_BLOCKS } from './heard-blocks.ts'
import { frameOf, nothingTold, type ToldTestnet, withFrame } from './told-testnet.ts'

describe('the stream of a testnet', () => {
  const view = (name: string, height: number) => ({ name, height }) as NodeView
  const said = (frames: readonly (readonly [string, unknown])[]): ToldTestnet =>
    frames.reduce<ToldTestnet>((told, [kind, value]) => {
      const frame = frameOf(kind, JSON.stringify(value))
      return frame ? withFrame(told, frame) : told
    }, nothingTold)
  const whole = ['nodes', [view('boot-0', 1), view('miner-0', 1)]] as const

  test('the whole picture, then what changed, in the order of the first', () => {
    const testnet = { name: 'net', namespace: 'n' } as TestnetView
    const told = said([['testnet', testnet], whole, ['nodes', [view('boot-0', 2), view('miner-1', 2)]]])
    expect(told.testnet).toEqual(testnet)
    expect([...told.nodes.values()]).toEqual([view('boot-0', 2), view('miner-0', 1), view('miner-1', 2)])
  })
  test('nodes that are gone, and a testnet that is', () => {
    expect([...said([whole, ['gone', ['boot-0']]]).nodes.keys()]).toEqual(['miner-0'])
    expect(said([whole, ['deleted', {}]])).toEqual(nothingTold)
  })
  test.each([
    ['later', '{}'],
    ['nodes', '{}'],
    ['nodes', '[{'],
    ['gone', '3'],
  ])('%s %s is nothing', (kind, data) => expect(frameOf(kind, data)).toBeUndefined())
  test('an event of a node', () =>
    expect(frameOf('node', '{"node":"boot-0","at":1,"kind":"faults"}')).toEqual({
      kind: 'node',
      node: 'boot-0',
      event: { at: 1, kind: 'faults' },
    }))
})

describe('blocks that were heard of', () => {
  const block = (hash: string, parent: string, height: number): NodeEvent => ({
    kind: 'block',
    at: 1_000 * height + 40,
    hash,
    parent,
    height,
    producer: 'p',
    delayMs: 40,
    transactions: 2,
    from: 'self',
  })

  test('chains that part share what is below', () => {
    const heard = new HeardBlocks()
    for (const [hash, parent, height] of [
      ['a', 'genesis', 1],
      ['b', 'a', 2],
      ['c', 'a', 2],
      ['d', 'c', 3],
    ] as const)
      heard.hear(block(hash, parent, height))
    const chains = heard.chains([{ hash: 'd' }, { hash: 'b' }], 1)
    expect(chains.map(({ hash, heads }) => `${hash} ${heads.join('')}`)).toEqual(['d d', 'b b', 'c d', 'a db'])
    expect(chains.at(-1)).toMatchObject({ timestamp: 1_000, finalized: true, transactions: 2 })
    expect(chains[0]!.finalized).toBe(false)
    expect(heard.chains([{ hash: 'unheard' }], null)).toEqual([])
  })
  test('the oldest are forgotten', () => {
    const heard = new HeardBlocks()
    for (let height = 1; height <= MAX_HEARD_BLOCKS + 1; height++)
      heard.hear(block(`h${height}`, `h${height - 1}`, height))
    expect(heard.chains([{ hash: 'h1' }], null)).toEqual([])
    expect(heard.chains([{ hash: 'h2' }], null)).toHaveLength(1)
  })
})

describe('an experiment of a cluster', () => {
  const begun = Date.parse('2026-01-01T00:01:00Z')
  const spec = { testnet: 'net', faults: [{ name: 'cut', duration: '10s', partition: { shape: 'halves' } }] }
  const metadata = { name: 'cut', namespace: 'n', creationTimestamp: '2026-01-01T00:00:00Z' }
  const plan = {
    seed: 's',
    endsBy: '2026-01-01T00:03:00Z',
    faults: [{ name: 'cut', action: 'partition' as const, targets: 4, at: '0s', until: '10s' }],
  }
  const nodes = ['a', 'b', 'c', 'd'].map(name => ({ name, group: 'g', role: 'miner' as const, region: 'r' }))

  test('nobody has said anything yet', () =>
    expect(clusterExperiment({ metadata, spec }, nodes, begun)).toMatchObject({
      phase: 'Pending',
      over: false,
      faults: [],
      timeline: [{ text: 'created' }],
    }))
  test('a fault in force has its end and its sides, and the timeline what is due', () => {
    const status = {
      phase: 'Injecting' as const,
      message: 'waiting for the end of the last fault',
      startedAt: new Date(begun).toISOString(),
      plan,
      faults: [{ name: 'cut', targets: 4, injected: 4, recovered: 0 }],
    }
    const shown = clusterExperiment({ metadata, spec, status }, nodes, begun + 1_000)
    expect(shown.faults).toEqual([{ name: 'cut', state: 'active', until: begun + 10_000, targets: 4, sides: [2, 2] }])
    expect(shown.timeline.map(({ at, text }) => [at - begun, text])).toEqual([
      [-60_000, 'created'],
      [0, 'the faults begin'],
      [0, 'cut begins'],
      [10_000, 'cut ends'],
    ])
    // Of a testnet that is not known the sides are not.
    expect(clusterExperiment({ metadata, spec, status }, [], begun).faults).toMatchObject([{ targets: 4, sides: [] }])
  })
  test('over: its verdict, and of what it was aborted before not a word', () => {
    const status = {
      phase: 'Aborted' as const,
      startedAt: new Date(begun).toISOString(),
      endedAt: new Date(begun + 3_000).toISOString(),
      plan,
      verdict: ['aborted: by you'],
    }
    const shown = clusterExperiment({ metadata, spec, status }, nodes, begun + 60_000)
    expect(shown).toMatchObject({ over: true, verdict: ['aborted: by you'] })
    expect(shown.timeline.map(({ text }) => text)).toEqual(['created', 'the faults begin', 'cut begins', 'Aborted'])
  })
})
