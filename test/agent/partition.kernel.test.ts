// Drops by this machine's kernel, in network namespaces.
import { describe, expect, test } from 'vitest'
import { setStage, skipped } from './stage.ts'
import { bothWays, drop, families, passes, rowTo } from './traffic.ts'

describe.skipIf(skipped)('the net agent', () => {
  const stage = setStage()

  test('a partition cuts both directions, IPv4 and IPv6, and nobody else', async () => {
    const { a, b, c, agentA, agentB } = stage
    const name = stage.experiment()
    expect(await passes(a, b)).toBe('all')
    await agentA.put(name, [rowTo('cut', b.host, bothWays)], 10_000)
    await agentB.put(name, [rowTo('cut', a.host, bothWays)], 10_000)
    expect([await passes(a, b), await passes(b, a)]).toEqual(['none', 'none'])
    expect(await a.connect(b.host.v4, 300)).toBe(-1)
    expect([await passes(a, c), await passes(c, a), await passes(b, c), await passes(c, b)]).toEqual(
      Array(4).fill('all'),
    )
    const { body } = await agentA.report(name)
    expect(
      body.rows[0].parts.find((part: { direction: string }) => part.direction === 'out').met.packets,
    ).toBeGreaterThan(9)
    await agentA.end(name)
    await agentB.end(name)
    expect([await passes(a, b), await passes(b, a)]).toEqual(['all', 'all'])
  })

  test.each([
    ['in', ['all', 'none']],
    ['out', ['none', 'all']],
  ] as const)('a drop of direction %s at one end cuts that direction alone', async (direction, expected) => {
    const { a, b, agentA } = stage
    const name = stage.experiment()
    await agentA.put(name, [rowTo('cut', b.host, { [direction]: drop })], 10_000)
    expect([await passes(a, b), await passes(b, a)]).toEqual(expected)
    const { body } = await agentA.report(name)
    expect(body.rows[0].parts).toMatchObject([{ direction, met: { packets: 10 }, addresses: 2 }])
  })

  test('an established connection is cut, and goes on after the lease', async () => {
    const { a, b, agentA } = stage
    const connections = await Promise.all(families.map(family => a.connect(b.host[family])))
    for (const connection of connections) expect(await a.echo(connection, 1_000)).toBe(true)
    await agentA.put(stage.experiment(), [rowTo('cut', b.host, bothWays)], 1_200)
    const echoes = connections.map(async connection => [await a.echo(connection, 900), await a.echo(connection, 5_000)])
    expect(await Promise.all(echoes)).toEqual([
      [false, true],
      [false, true],
    ])
  })

  test('a new pod is covered while what was counted stays', async () => {
    const { a, b, c, agentA } = stage
    const name = stage.experiment()
    await agentA.put(name, [rowTo('cut', b.host, { out: drop })], 20_000)
    expect([await passes(a, b), await passes(a, c)]).toEqual(['none', 'all'])
    const row = rowTo('cut', b.host, { out: drop })
    const more = rowTo('cut', c.host, { out: drop }).classes[0]!.peers
    const classes = row.classes.map(entry => ({ ...entry, peers: [...entry.peers, ...more] }))
    await agentA.put(name, [{ ...row, classes }], 20_000)
    expect([await passes(a, b), await passes(a, c)]).toEqual(['none', 'none'])
    expect((await agentA.report(name)).body.rows[0].parts).toMatchObject([{ addresses: 4, met: { packets: 30 } }])
  })

  test('neighbours whose packets are dropped are found still', async () => {
    const { a, b, agentA } = stage
    await agentA.put(stage.experiment(), [rowTo('cut', b.host, { in: drop })], 10_000)
    await a.host.run('ip', '-6', 'neighbour', 'flush', 'dev', 'eth0')
    expect([await passes(a, b), await passes(b, a)]).toEqual(['all', 'none'])
  })
})
