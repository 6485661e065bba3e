// Queue, apply, events, health and shutdown together, against a real API server.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { operatorMetrics } from '../../api/metrics/operator.ts'
import { registerMetrics } from '../../api/metrics/registered.ts'
import { type ApiError, isTerminal, TerminalError } from '../../operator/kubernetes/runtime/api-error.ts'
import { Controller, type Result } from '../../operator/kubernetes/runtime/controller.ts'
import { isSettled, marked } from '../../operator/kubernetes/runtime/drift.ts'
import { EventRecorder } from '../../operator/kubernetes/runtime/events.ts'
import { serveHealth } from '../../operator/kubernetes/runtime/health.ts'
import { Informer } from '../../operator/kubernetes/runtime/informer.ts'
import { Leader } from '../../operator/kubernetes/runtime/leader.ts'
import { runtimeMetrics } from '../../operator/kubernetes/runtime/metrics.ts'
import { informerChecks, operate } from '../../operator/kubernetes/runtime/operate.ts'
import { controlledBy } from '../../operator/kubernetes/runtime/owner.ts'
import { type ConfigMap, type Event, keyOf, nameOf, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { Writer } from '../../operator/kubernetes/runtime/writer.ts'
import { until } from '../cluster/until.ts'
import { type Ground, never, newGround } from '../support/api-server.ts'
import { candidateTimes } from '../support/candidate-times.ts'

const tier = inject('apiTier')
let ground: Ground
const closers: (() => unknown)[] = []
beforeEach(async () => {
  if (tier.address) ground = await newGround(tier.address, readFileSync(tier.address.kubeconfig, 'utf8'))
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await ground?.close()
})

/** An operator that copies each ConfigMap labelled `test` into one named `copy-<name>`. */
function copier(identity: string, { concurrency = 4 } = {}) {
  const { api, namespace } = ground
  const registered = registerMetrics(operatorMetrics)
  const { registry } = registered
  const metrics = runtimeMetrics(registered)
  const leader = new Leader(api, { lease: { namespace, name: 'leader' }, identity, times: candidateTimes })
  const writer = new Writer(api, leader)
  const stop = new AbortController()
  const recorder = new EventRecorder(writer, metrics, identity, never)
  const running = new Map<string, number>()
  const seen = { atOnce: 0, same: 0, calls: 0 }
  const sources = new Informer(api, resources.configMaps, {
    selection: { namespace, labelSelector: 'test=yes' },
    onChange: ({ object }) => controller.add(keyOf(object.metadata)),
  })
  const copies = new Informer(api, resources.configMaps, { selection: { namespace, labelSelector: 'copy=yes' } })
  const reconcile = async (key: string, signal: AbortSignal): Promise<Result> => {
    seen.calls++
    running.set(key, (running.get(key) ?? 0) + 1)
    seen.atOnce = Math.max(seen.atOnce, running.size)
    seen.same = Math.max(seen.same, running.get(key) ?? 0)
    try {
      const source = sources.store.get(key)
      if (!source) return {}
      if (source.data?.bad) {
        recorder.record(source, { type: 'Warning', reason: 'Bad', action: 'Copy', note: source.data.bad })
        throw new TerminalError(source.data.bad)
      }
      const { name } = nameOf(key)
      const wanted: ConfigMap = marked({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `copy-${name}`, namespace, labels: { copy: 'yes' }, ownerReferences: [controlledBy(source)] },
        data: source.data ?? {},
      })
      const stored = copies.store.get(`${namespace}/copy-${name}`)
      if (!stored || !isSettled(stored, wanted))
        await writer.apply(resources.configMaps, { ...wanted, apiVersion: 'v1', kind: 'ConfigMap' }, signal)
      return {}
    } finally {
      const left = (running.get(key) ?? 1) - 1
      if (left === 0) running.delete(key)
      else running.set(key, left)
    }
  }
  const controller: Controller = new Controller({ name: 'copier', reconcile, metrics, concurrency })
  const parts = { informers: [sources, copies], controllers: [controller], leader, recorder }
  const ended = operate(parts, stop.signal)
  closers.push(async () => {
    stop.abort()
    await ended
  })
  return { ...parts, controller, registered, registry, stop, ended, seen, metrics }
}

const read = (name: string): Promise<ConfigMap | undefined> =>
  ground.direct.get(resources.configMaps, { namespace: ground.namespace, name }, never).catch(() => undefined)

describe.skipIf(tier.missing !== undefined)('an operator', () => {
  test('brings every object there, in spite of a failing server, one worker a key', async () => {
    const stopFaults = ground.proxy.injectAtRandom(
      'operator',
      0.15,
      [
        { kind: 'fail', status: 500 },
        { kind: 'cut', server: 'served' },
        { kind: 'cut', server: 'untouched' },
        { kind: 'delay', ms: 50 },
      ],
      ({ path }) => !path.includes('/leases'),
    )
    const { seen, registry } = copier('one', { concurrency: 3 })
    for (let index = 0; index < 30; index++) await ground.put(`m${index % 10}`, { at: String(index) })
    for (let index = 20; index < 30; index++)
      await until(`copy of m${index % 10}`, { withinMs: 30_000, describe: () => registry.metrics() }, async () => {
        return (await read(`copy-m${index % 10}`))?.data?.at === String(index)
      })
    expect(seen.same).toBe(1)
    expect(seen.atOnce).toBeLessThanOrEqual(3)
    expect((await read('copy-m1'))?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'ConfigMap', name: 'm1' })
    stopFaults()

    // Idle: what is as it should be is not written.
    const text = await registry.metrics()
    expect(text).toMatch(/controller_runtime_reconcile_total\{controller="copier",result="success"\} \d+/)
    const before = ground.proxy.writes().filter(({ path }) => !path.includes('/leases')).length
    const calls = seen.calls
    await ground.put('m1', { at: '21' })
    await ground.put('m1', { at: '21b' })
    await until('the copy', { withinMs: 10_000 }, async () => (await read('copy-m1'))?.data?.at === '21b')
    expect(seen.calls).toBeGreaterThan(calls)
    const after = ground.proxy.writes().filter(({ path }) => !path.includes('/leases')).length
    expect(after - before).toBe(1)
  })

  test('tells of a terminal error once and does not try again', async () => {
    const { seen, metrics, recorder } = copier('one')
    await ground.put('bad', { bad: 'cannot be copied' })
    const events = () => ground.direct.page(resources.events, { namespace: ground.namespace }, 100, undefined, never)
    const [event] = (await until('the event', { withinMs: 20_000 }, async () => {
      const { items } = await events()
      return items.length > 0 && items
    })) as Event[]
    expect(event).toMatchObject({
      type: 'Warning',
      reason: 'Bad',
      note: 'cannot be copied',
      regarding: { name: 'bad' },
    })
    await recorder.flush()
    expect(seen.calls).toBe(1)
    expect((await metrics.terminalErrors.get()).values).toMatchObject([{ value: 1 }])

    // Repetition becomes a series of the same event.
    for (const at of ['1', '2', '3']) {
      const { calls } = seen
      await ground.put('bad', { bad: 'cannot be copied', at })
      await until('it is looked at', { withinMs: 5_000 }, () => seen.calls > calls)
    }
    await until('the series', { withinMs: 5_000 }, async () => (await events()).items[0]?.series?.count === 4)
    expect((await events()).items.length).toBe(1)
  })

  test('finishes what it began, then gives the lease away, and writes nothing after', async () => {
    const { stop, ended, registry, leader } = copier('one', { concurrency: 1 })
    await leader.elected
    ground.proxy.inject({
      match: ({ path }) => path.includes('copy-slow'),
      fault: { kind: 'delay', ms: 700 },
      times: 1,
    })
    await ground.put('slow', { at: '1' })
    await until('it is under way', { withinMs: 10_000, describe: () => registry.metrics() }, () =>
      ground.proxy.requests.some(({ path }) => path.includes('copy-slow')),
    )
    stop.abort()
    expect(await ended).toBe('stopped')
    expect((await read('copy-slow'))?.data).toEqual({ at: '1' })
    const writes = ground.proxy.writes()
    expect(writes.at(-1)).toMatchObject({ method: 'PUT', status: 200 })
    expect(writes.at(-1)?.path).toContain('/leases/leader')
    const lease = await ground.direct.get(resources.leases, { namespace: ground.namespace, name: 'leader' }, never)
    expect(lease.spec?.holderIdentity ?? '').toBe('')
  })

  test('says what it is ready for, and that it is deaf when it is', async () => {
    const { registered, leader, controller } = copier('one')
    registered.onScrape(() => controller.observe())
    // A clock that can be put forward, and a server that falls silent.
    let ahead = 0
    const informer = new Informer(ground.api, resources.secrets, {
      selection: { namespace: ground.namespace },
      now: () => performance.now() + ahead,
    })
    const { ready, live } = informerChecks([informer])
    const server = await serveHealth({
      host: '127.0.0.1',
      port: 0,
      live,
      ready,
      scrape: () => registered.scrape(),
    })
    const stop = new AbortController()
    closers.push(() => stop.abort())
    closers.push(() => server.close())
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
      return { status: response.status, text: await response.text() }
    }
    const check = `informer-${ground.namespace}/secrets`
    expect(await get('/readyz')).toEqual({ status: 503, text: `[-]${check} failed: has no list yet\n` })
    informer.run(stop.signal)
    await Promise.all([leader.elected, informer.synced])
    expect(await get('/readyz')).toEqual({ status: 200, text: `[+]${check} ok\n` })
    expect((await get('/metrics')).text).toContain('workqueue_depth{name="copier"} 0')
    expect((await get('/nothing')).status).toBe(404)
    expect((await fetch(`http://127.0.0.1:${server.port}/healthz`, { method: 'POST' })).status).toBe(405)

    ground.proxy.mute(({ path }) => path.endsWith('/secrets'))
    ground.proxy.inject({ match: ({ path }) => path.endsWith('/secrets'), fault: { kind: 'silence' } })
    ahead = 70_000
    expect(await get('/readyz')).toEqual({
      status: 503,
      text: expect.stringMatching(RegExp(`^\\[-\\]${check} failed: the API server was not heard for 7\\d s\\n$`)),
    })
    expect((await get('/healthz')).status).toBe(200)
    ahead = 310_000
    expect((await get('/healthz')).status).toBe(503)
  })

  test('knows which refusals are final, and takes its fields back', async () => {
    const { writer, namespace } = ground
    const metadata = { name: 'x', namespace }
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1' } }
    const refusal = async (more: object) =>
      await writer.apply(resources.configMaps, { ...object, ...more }, never).then(
        () => undefined,
        (error: ApiError) => [error.status, isTerminal(error)],
      )
    expect(await refusal({ unknown: 1 })).toEqual([500, true])
    expect(await refusal({ data: { 'a b': '1' } })).toEqual([422, true])
    expect(await refusal({ metadata: { name: 'x', namespace: 'nowhere' } })).toEqual([404, false])
    await writer.apply(resources.configMaps, object, never)
    // Somebody else changes our field and adds one of theirs.
    await ground.direct.send({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/configmaps/x`,
      query: { fieldManager: 'somebody' },
      contentType: 'application/merge-patch+json',
      body: { data: { a: 'theirs', b: 'theirs' } },
      signal: never,
    })
    expect((await writer.apply(resources.configMaps, object, never)).data).toEqual({ a: '1', b: 'theirs' })
    expect((await writer.apply(resources.configMaps, { ...object, data: {} }, never)).data).toEqual({ b: 'theirs' })
    expect(
      await writer.delete(resources.configMaps, metadata, { uid: 'another' }, never).catch(error => error.status),
    ).toBe(409)
    expect(await writer.delete(resources.configMaps, metadata, {}, never)).toBe(true)
    expect(await writer.delete(resources.configMaps, metadata, {}, never)).toBe(false)
  })
})
