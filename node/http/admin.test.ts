import { get } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { ChainClock } from '../clock.ts'
import { Links } from '../faults/links.ts'
import { ownProcess } from '../lifecycle/own-process.ts'
import { AdminRefused, isLoopback, startAdminServer } from './admin.ts'
import type { RunningServer } from './server.ts'

const token = 'correct horse battery staple'
const peer = { name: 'miner-1', host: '127.1.0.2', peerId: 'id-1' }
const rowOf = (id: string, endsAt = Date.now() + 60_000) => ({
  id,
  endsAt,
  classes: [{ direction: 'out', link: { drop: true }, peers: [peer] }],
})

/** Its data would be nowhere: nothing here may end the process of the tests. */
const lifecycle = ownProcess({
  dataDir: '/nonexistent',
  adminToken: token,
  servers: () => {
    throw new Error('nothing to pause')
  },
})

const started: { server: RunningServer; links: Links }[] = []
afterEach(async () => {
  for (const { server, links } of started.splice(0)) {
    links.stop()
    await server.close()
  }
})

async function start(options: { token?: string } = {}) {
  const links = new Links({ ownHost: '127.1.0.1' })
  const clock = new ChainClock()
  const disconnected: string[] = []
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    ...options,
    control: {
      faults: links,
      clock,
      lifecycle,
      disconnect: async id => {
        if (id !== 'known') return false
        disconnected.push(id)
        return true
      },
    },
    onDefect: error => {
      throw error
    },
  })
  started.push({ server, links })
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(5_000),
    })
    return { status: response.status, body: await response.json() }
  }
  return { server, links, clock, call, disconnected }
}

describe('the administration server', () => {
  test('applies, lists, replaces and ends rows', async () => {
    const { links, call } = await start()
    const row = rowOf('cut')
    expect(await call('PUT', '/v1/faults/cut', row)).toEqual({
      status: 201,
      body: { id: 'cut', change: 'applied', endsAt: row.endsAt },
    })
    expect(links.effect({ host: peer.host }, 'out').link.drop).toBe(true)
    const counters = { peer: 'miner-1', direction: 'out', heldBytes: 0, delayedBytes: 0, leakedBytes: 0 }
    const fault = { id: 'cut', endsAt: row.endsAt, links: [counters] }
    expect(await call('GET', '/v1/faults')).toEqual({ status: 200, body: { faults: [fault] } })
    expect(await call('GET', '/v1/faults/cut')).toEqual({ status: 200, body: fault })
    expect(await call('PUT', '/v1/faults/cut', rowOf('cut'))).toMatchObject({
      status: 200,
      body: { change: 'replaced' },
    })
    expect(await call('DELETE', '/v1/faults/cut')).toMatchObject({ status: 200, body: { links: [counters] } })
    expect(links.effect({ host: peer.host }, 'out').link.drop).toBe(false)
    expect(await call('GET', '/v1/faults')).toEqual({ status: 200, body: { faults: [] } })
    expect(await call('GET', '/v1/faults?ended=true')).toMatchObject({ body: { faults: [{ id: 'cut' }] } })
    expect(await call('GET', '/v1/faults/cut')).toMatchObject({ status: 200, body: { id: 'cut' } })
    await call('PUT', '/v1/faults/a', rowOf('a'))
    await call('PUT', '/v1/faults/b', rowOf('b'))
    expect(await call('DELETE', '/v1/faults')).toMatchObject({
      status: 200,
      body: { faults: [{ id: 'a' }, { id: 'b' }] },
    })
    expect(links.status()).toEqual([])
  })

  test.each<{ name: string; id?: string; body: unknown; status: number; field: string }>([
    { name: 'another id than the path', id: 'other', body: rowOf('cut'), status: 400, field: 'id' },
    { name: 'an end in the past', body: rowOf('cut', 1), status: 422, field: 'endsAt' },
    { name: 'an end too far away', body: rowOf('cut', Date.now() + 1e9), status: 422, field: 'endsAt' },
    { name: 'the standing links’ id', id: 'standing', body: rowOf('standing'), status: 422, field: 'id' },
    { name: 'no end', body: { id: 'cut', classes: [] }, status: 400, field: 'endsAt' },
    { name: 'an unknown field', body: { ...rowOf('cut'), until: 5 }, status: 400, field: 'body' },
    {
      name: 'a wrong direction',
      body: { ...rowOf('cut'), classes: [{ direction: 'up', link: {}, peers: [] }] },
      status: 400,
      field: 'classes.0.direction',
    },
    { name: 'broken JSON', body: '{', status: 400, field: 'body' },
    { name: 'no body', body: undefined, status: 400, field: 'body' },
  ])('refuses a row with $name', async ({ id = 'cut', body, status, field }) => {
    const { links, call } = await start()
    expect(await call('PUT', `/v1/faults/${id}`, body)).toMatchObject({ status, body: { error: { field } } })
    expect(links.status()).toEqual([])
  })

  test('puts the clock wrong, says by how much, and sets it right', async () => {
    const { clock, call } = await start()
    const skew = { id: 'fast', offsetMs: 60_000, endsAt: Date.now() + 30_000 }
    expect(await call('PUT', '/v1/clock/fast', skew)).toMatchObject({ status: 201, body: { change: 'applied' } })
    expect(clock.now() - Date.now()).toBeGreaterThan(59_000)
    expect(await call('PUT', '/v1/clock/fast', skew)).toMatchObject({ status: 200, body: { change: 'replaced' } })
    expect(await call('GET', '/v1/clock')).toEqual({ status: 200, body: { skews: [skew] } })
    expect(await call('DELETE', '/v1/clock/fast')).toMatchObject({ status: 200 })
    expect(await call('DELETE', '/v1/clock/fast')).toMatchObject({ status: 404 })
    expect(clock.now() - Date.now()).toBeLessThan(1_000)
    for (const [body, status, field] of [
      [{ ...skew, endsAt: 1 }, 422, 'endsAt'],
      [{ ...skew, offsetMs: 1e9 }, 400, 'offsetMs'],
      [{ ...skew, id: 'slow' }, 400, 'id'],
      [{ ...skew, until: 5 }, 400, 'body'],
    ] as const)
      expect(await call('PUT', '/v1/clock/fast', body)).toMatchObject({ status, body: { error: { field } } })
  })

  test('disconnects peers and says what is not there', async () => {
    const { call, disconnected } = await start()
    expect((await call('POST', '/v1/peers/known/disconnect')).status).toBe(200)
    expect(disconnected).toEqual(['known'])
    expect((await call('POST', '/v1/peers/unknown/disconnect')).status).toBe(404)
    expect((await call('DELETE', '/v1/faults/none')).status).toBe(404)
    expect((await call('GET', '/v1/faults/none')).status).toBe(404)
    expect((await call('GET', '/v1/none')).status).toBe(404)
    expect((await call('POST', '/v1/faults')).status).toBe(405)
  })

  test.each<{ name: string; authorization?: string; status: number }>([
    { name: 'the token', authorization: `Bearer ${token}`, status: 200 },
    { name: 'no token', status: 401 },
    { name: 'another token', authorization: 'Bearer wrong', status: 401 },
    { name: 'a longer token', authorization: `Bearer ${token}x`, status: 401 },
    { name: 'another scheme', authorization: `Basic ${token}`, status: 401 },
  ])('with a token set, $name gets $status on every route', async ({ authorization, status }) => {
    const { call } = await start({ token })
    const headers: Record<string, string> = authorization ? { authorization } : {}
    expect((await call('GET', '/v1/faults', undefined, headers)).status).toBe(status)
    expect((await call('GET', '/v1/none', undefined, headers)).status).toBe(status === 200 ? 404 : status)
  })

  test('without a token a web page cannot use it', async () => {
    const { call } = await start()
    expect((await call('DELETE', '/v1/faults', undefined, { origin: 'http://evil.example' })).status).toBe(401)
  })

  test.each([
    ['evil.example', 401],
    ['evil.example:80', 401],
    ['127.0.0.1.evil.example', 401],
    ['localhost:1', 200],
    ['[::1]:1', 200],
  ])('without a token a name that resolves here (Host "%s") is answered %i', async (host, status) => {
    const { server } = await start()
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
    const options = { host: server.host, port: server.port, path: '/v1/faults', headers: { host } }
    get(options, response => resolve(response.resume().statusCode)).on('error', reject)
    expect(await promise).toBe(status)
  })

  test('does not open itself to the network without a token', async () => {
    const control = {
      faults: new Links({ ownHost: 'x' }),
      clock: new ChainClock(),
      lifecycle,
      disconnect: async () => false,
    }
    for (const host of ['0.0.0.0', '::', 'localhost.example']) {
      await expect(startAdminServer({ host, port: 0, control, onDefect: () => {} })).rejects.toThrow(AdminRefused)
    }
  })

  test.each([
    ['127.0.0.1', true],
    ['127.200.3.4', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['128.0.0.1', false],
    ['localhost', false],
    ['127.0.0.1.example', false],
  ])('loopback %s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })
})
