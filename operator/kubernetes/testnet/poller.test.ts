import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type AskOptions, askNode, MAX_ANSWER_BYTES, type PollTarget } from '../../ask-node.ts'
import { readNodeStatus } from '../../node-answer.ts'
import { ANSWER_WITHIN_MS, NodePoller, pollIntervalMs } from './poller.ts'

const status = (name: string, height: number) => ({
  name,
  testnet: 'net',
  role: 'full',
  group: 'f',
  region: 'default',
  version: '0',
  stack: 'gossipsub',
  peerId: 'p',
  pid: 1,
  startedAt: 0,
  now: 0,
  genesis: 'g',
  head: { hash: `h${height}`, height, timestamp: 0, producer: '00', work: '1' },
  justified: { hash: 'g', height: 0 },
  finalized: { hash: 'g', height: 0 },
  recent: Array.from({ length: 64 }, (_, index) => ({
    hash: `h${height - index}`,
    height: Math.max(0, height - index),
  })),
  sync: { state: 'idle', target: 0 },
  peers: { inbound: 1, outbound: 1 },
  mesh: {},
  pool: { count: 0, bytes: 0 },
  reorgs: { count: 0, deepest: 0 },
})

const asking = (maxRecent: number): AskOptions => ({ testnet: 'net', maxRecent, withinMs: ANSWER_WITHIN_MS })

const servers: Server[] = []
const stops: AbortController[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
})

async function node(
  answer: (height: number) => string | undefined,
  code = 200,
): Promise<{ host: string; port: number }> {
  let asked = 0
  const server = createServer((_, response) => {
    const body = answer(++asked)
    if (body !== undefined) response.writeHead(code).end(body)
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

describe('asking a node', () => {
  test.each<[string, string | undefined, number, string]>([
    ['nothing', undefined, 200, 'no answer within 2 s'],
    ['no JSON', 'hello', 200, 'its status is not JSON'],
    ['another shape', '{"name":"f-0"}', 200, "its status is not a node's: testnet: "],
    ['an error', '{}', 503, 'it answers 503'],
    ['too much', 'x'.repeat(MAX_ANSWER_BYTES + 1), 200, `its status is longer than ${MAX_ANSWER_BYTES} bytes`],
    ['as another node', JSON.stringify(status('f-1', 1)), 200, 'f-1 of testnet net answers at its address'],
  ])('that answers %s', async (_, body, code, error) => {
    const started = performance.now()
    const answer = await askNode({ name: 'f-0', ...(await node(() => body, code)) }, asking(64))
    expect(answer.status).toBeUndefined()
    expect(answer.error).toContain(error)
    expect(performance.now() - started).toBeLessThan(ANSWER_WITHIN_MS + 1_000)
  })

  test('that is not there, or answers', async () => {
    expect((await askNode({ name: 'f-0', host: '127.0.0.1', port: 1 }, asking(64))).error).toContain('ECONNREFUSED')
    const { status: told } = await askNode(
      { name: 'f-0', ...(await node(() => JSON.stringify({ ...status('f-0', 70), more: 'x' }))) },
      asking(16),
    )
    expect(told).toMatchObject({ name: 'f-0', head: { height: 70 } })
    expect(told!.recent.length).toBe(16)
    expect(told).not.toHaveProperty('more')
  })

  test('bounds what is kept, whatever it says', () => {
    const mesh = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`t${index}`, 1]))
    const read = readNodeStatus(JSON.stringify({ ...status('f-0', 1), mesh }), {
      testnet: 'net',
      name: 'f-0',
      maxRecent: 1,
    })
    expect(Object.keys(read.mesh).length).toBe(16)
    const long = JSON.stringify({ ...status('f-0', 1), version: 'x'.repeat(300) })
    expect(() => readNodeStatus(long, { testnet: 'net', name: 'f-0', maxRecent: 1 })).toThrow('version')
  })
})

test.each([
  [{ blockIntervalMs: 1_000, nodes: 10, settled: true }, 2_000],
  [{ blockIntervalMs: 1_000, nodes: 10, settled: false }, 500],
  [{ blockIntervalMs: 5_000, nodes: 10, settled: true }, 5_000],
  [{ blockIntervalMs: 60_000, nodes: 10, settled: true }, 10_000],
  [{ blockIntervalMs: 1_000, nodes: 5_000, settled: false }, 10_000],
])('rounds for %j are %i ms apart', (of, expected) => expect(pollIntervalMs(of)).toBe(expected))

describe('rounds', () => {
  test('keep one that lies far enough back, and end with the last who wants them', async () => {
    let height = 0
    const address = await node(() => JSON.stringify(status('f-0', ++height)))
    const stop = new AbortController()
    stops.push(stop)
    const wake: (() => void)[] = []
    const poller = new NodePoller({ signal: stop.signal, onRound: () => wake.shift()?.() })
    const next = () => new Promise<void>(resolve => wake.push(resolve))
    const heights = () =>
      [poller.rounds('n/net').earlier, poller.rounds('n/net').latest].map(
        round => round.get('f-0')?.status?.head.height,
      )
    const first = next()
    poller.follow('n/net', { testnet: 'net', targets: [{ name: 'f-0', ...address }], intervalMs: 40, apartMs: 200 })
    await first
    expect(heights()).toEqual([undefined, 1])
    await next()
    expect(heights()).toEqual([1, 2])
    for (let count = 0; count < 10; count++) await next()
    const [earlier, latest] = heights() as [number, number]
    expect(latest).toBe(12)
    // 160 ms back at least, and no round between it and that.
    expect(latest - earlier).toBeGreaterThanOrEqual(3)
    expect(latest - earlier).toBeLessThanOrEqual(7)
    poller.forget('n/net')
    expect(heights()).toEqual([undefined, undefined])
  })

  test('are not made of nobody, and begin at once when somebody is there again', async () => {
    const address = await node(() => JSON.stringify(status('f-0', 1)))
    const stop = new AbortController()
    stops.push(stop)
    const rounds: string[] = []
    let wake = Promise.withResolvers<void>()
    const poller = new NodePoller({
      signal: stop.signal,
      onRound: key => {
        rounds.push(key)
        wake.resolve()
      },
    })
    const target = { name: 'f-0', ...address }
    const follow = (key: string, targets: PollTarget[], intervalMs: number) =>
      poller.follow(key, { testnet: 'net', targets, intervalMs, apartMs: 200 })
    const calm = 60_000
    follow('n/net', [target], calm)
    await wake.promise
    follow('n/net', [], 1)
    expect(poller.rounds('n/net').latest.size).toBe(0)
    follow('n/nobody', [], 1)
    // Another testnet's rounds are the clock.
    follow('n/clock', [target], 20)
    while (rounds.filter(key => key === 'n/clock').length < 5) {
      wake = Promise.withResolvers<void>()
      await wake.promise
    }
    expect(rounds.filter(key => key !== 'n/clock')).toEqual(['n/net'])
    follow('n/net', [target], calm)
    while (rounds.filter(key => key === 'n/net').length < 2) {
      wake = Promise.withResolvers<void>()
      await wake.promise
    }
    expect(poller.rounds('n/net').latest.get('f-0')?.status?.head.height).toBe(1)
  })

  test('of a silent testnet do not hold up another', async () => {
    const silent = await node(() => undefined)
    const address = await node(() => JSON.stringify(status('f-0', 1)))
    const stop = new AbortController()
    stops.push(stop)
    const { promise, resolve } = Promise.withResolvers<string>()
    const poller = new NodePoller({ signal: stop.signal, onRound: resolve })
    const many = Array.from({ length: 300 }, (_, index) => ({ name: `f-${index}`, ...silent }))
    poller.follow('n/silent', { testnet: 'silent', targets: many, intervalMs: 10_000, apartMs: 10_000 })
    poller.follow('n/net', {
      testnet: 'net',
      targets: [{ name: 'f-0', ...address }],
      intervalMs: 10_000,
      apartMs: 10_000,
    })
    expect(await promise).toBe('n/net')
  })
})
