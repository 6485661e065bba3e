// What the agent answers: what this kernel can do, and whose requests it obeys.
import { describe, expect, test } from 'vitest'
import { EXPERIMENT_MS, tokenFor } from './running-agent.ts'
import { setStage, skipped } from './stage.ts'
import { bothWays, drop, rowTo } from './traffic.ts'

describe.skipIf(skipped)('the net agent', () => {
  const stage = setStage()

  test('preflight tries the kernel, and what it lacks is refused', async () => {
    const { b, agentA } = stage
    const { status, body } = await agentA.preflight()
    expect(status).toBe(200)
    const present = (name: string) => body.primitives.find((entry: { name: string }) => entry.name === name).present
    for (const name of ['timed-sets', 'numgen', 'priority']) expect([name, present(name)]).toEqual([name, true])
    const netem = await stage.a.host
      .run('sh', '-c', 'ip link add try0 type veth peer name try1 && tc qdisc add dev try0 root netem delay 1ms')
      .then(
        () => true,
        () => false,
      )
    await stage.a.host.run('ip', 'link', 'del', 'try0')
    expect(present('netem')).toBe(netem)
    const answer = await agentA.put(stage.experiment(), [rowTo('far', b.host, { out: { delayMs: 20 } })], 5_000)
    if (netem) expect(answer.status).toBe(200)
    else {
      expect(answer).toMatchObject({
        status: 501,
        body: { error: { code: 'unsupported', field: 'rows.0.classes.0.link' } },
      })
      expect(answer.body.error.message).toMatch(/netem \(.*kind is unknown/)
      expect(await agentA.left()).toBe('')
    }
  })

  describe('refuses', () => {
    const text = (value: object) => JSON.stringify(value)
    const good = () => ({ until: Date.now() + 5_000, rows: [rowTo('cut', stage.b.host, bothWays)] })
    const peers = (...hosts: string[]) => [
      { direction: 'out', link: drop, peers: hosts.map(host => ({ name: 'x', host, peerId: 'x' })) },
    ]

    test.each<[string, () => string | undefined, number]>([
      ['no token', () => '', 401],
      ['a token of another key', () => tokenFor('run', undefined, Buffer.alloc(48)), 401],
      ['another experiment’s token', () => tokenFor('other'), 403],
      ['a token of which a letter changed', () => tokenFor('run').replace(/^(.{20})./, '$1_'), 401],
      ['the right token', () => tokenFor('run'), 200],
    ])('%s', async (_name, token, status) => {
      const { agentA } = stage
      expect((await agentA.ask('GET', 'run', '', { token: token() ?? '' })).status).toBe(status)
    })

    test.each<[string, () => string, number, string]>([
      ['no JSON', () => '{', 400, 'body'],
      ['a list', () => '[]', 400, 'body'],
      ['an unknown field', () => text({ ...good(), force: true }), 400, 'body'],
      ['no lease', () => text({ rows: [] }), 400, 'until'],
      ['a lease beyond the longest', () => text({ ...good(), until: Date.now() + 61_000 }), 422, 'until'],
      ['a lease that is over', () => text({ ...good(), until: Date.now() - 5_000 }), 422, 'until'],
      [
        'a lease beyond the experiment',
        () => text({ ...good(), until: Date.now() + EXPERIMENT_MS + 1_000 }),
        422,
        'until',
      ],
      [
        'a row beyond the experiment',
        () => text({ ...good(), rows: [rowTo('cut', stage.b.host, bothWays, EXPERIMENT_MS + 5_000)] }),
        422,
        'rows.0.endsAt',
      ],
      ['two rows of one id', () => text({ ...good(), rows: [good().rows[0], good().rows[0]] }), 400, 'rows'],
      [
        'a name',
        () => text({ ...good(), rows: [{ ...good().rows[0], classes: peers('b.example') }] }),
        400,
        'rows.0.classes.0.peers.0.host',
      ],
      [
        'loopback',
        () => text({ ...good(), rows: [{ ...good().rows[0], classes: peers('127.0.0.1') }] }),
        400,
        'rows.0.classes.0.peers.0.host',
      ],
      [
        'delay at the receiver',
        () => text({ ...good(), rows: [rowTo('far', stage.b.host, { in: { delayMs: 5 } })] }),
        400,
        'rows.0.classes.0.link',
      ],
      [
        'reordering without a delay',
        () => text({ ...good(), rows: [rowTo('far', stage.b.host, { out: { reordering: 0.1 } })] }),
        400,
        'rows.0.classes.0.link.reordering',
      ],
      ['an id that is no name', () => text({ ...good(), rows: [{ ...good().rows[0], id: 'a b' }] }), 400, 'rows.0.id'],
      ['much', () => 'x'.repeat(9 * 1024 * 1024), 413, 'body'],
    ])('%s', async (_name, body, status, field) => {
      const { agentA } = stage
      const answer = await agentA.ask('PUT', stage.experiment(), '', { body: body() })
      expect(answer).toMatchObject({ status, body: { error: { field } } })
      expect(await agentA.left()).toBe('')
    })

    test('what comes after the end', async () => {
      const { b, agentA } = stage
      const name = stage.experiment()
      await agentA.put(name, [rowTo('cut', b.host, bothWays)], 5_000)
      await agentA.end(name)
      expect((await agentA.put(name, [rowTo('cut', b.host, bothWays)], 5_000)).status).toBe(409)
      expect((await agentA.renew(name, 5_000)).status).toBe(409)
    })
  })
})
