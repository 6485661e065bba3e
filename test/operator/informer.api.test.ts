// The informer against a real API server, through a proxy that does to it what networks do.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { informerBackoff } from '../../operator/kubernetes/runtime/backoff.ts'
import {
  type Change,
  DEAF_AFTER_MS,
  Informer,
  type InformerNote,
  type InformerOptions,
  WATCH_GRACE_MS,
  WATCH_SECONDS,
} from '../../operator/kubernetes/runtime/informer.ts'
import { type ConfigMap, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { apiTier } from '../cluster/api-tier.ts'
import { until } from '../cluster/until.ts'
import { type Ground, newGround } from '../support/api-server.ts'
import type { Fault, Seen } from '../support/fault-proxy.ts'

const tier = inject('apiTier')
const watches = ({ watch, path }: Seen) => watch && path.endsWith('/configmaps')
const lists = ({ watch, method, path }: Seen) => !watch && method === 'GET' && path.endsWith('/configmaps')

let ground: Ground
const stops: AbortController[] = []
beforeEach(async () => {
  if (tier.address) ground = await newGround(tier.address, readFileSync(tier.address.kubeconfig, 'utf8'))
})
afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort()
  await ground?.close()
})

interface Watched {
  readonly informer: Informer<ConfigMap>
  readonly changes: string[]
  readonly notes: InformerNote[]
  names(): string[]
  data(name: string): Record<string, string> | undefined
  /** The store says so within the time. */
  sees(name: string, data: Record<string, string> | undefined, withinMs?: number): Promise<number>
  counted(match: (seen: Seen) => boolean): number
}

async function follow(options: InformerOptions<ConfigMap> = {}): Promise<Watched> {
  const changes: string[] = []
  const notes: InformerNote[] = []
  const { namespace, proxy } = ground
  const informer = new Informer(ground.api, resources.configMaps, {
    selection: { namespace, labelSelector: 'test=yes' },
    watchSeconds: 3,
    watchGraceMs: 1_000,
    onChange: ({ kind, object }: Change<ConfigMap>) => changes.push(`${kind} ${object.metadata.name}`),
    onNote: note => notes.push(note),
    ...options,
  })
  const stop = new AbortController()
  stops.push(stop)
  informer.run(stop.signal)
  await informer.synced
  const data = (name: string) => informer.store.get(`${namespace}/${name}`)?.data
  return {
    informer,
    changes,
    notes,
    names: () =>
      informer.store
        .list()
        .map(({ metadata }) => metadata.name)
        .sort(),
    data,
    sees: async (name, wanted, withinMs = 10_000) => {
      const started = performance.now()
      const describe = () => JSON.stringify({ has: data(name), notes })
      await until(
        `${name} is ${JSON.stringify(wanted)}`,
        { withinMs, everyMs: 20, describe },
        () => JSON.stringify(data(name)) === JSON.stringify(wanted),
      )
      return performance.now() - started
    },
    counted: match => proxy.requests.filter(match).length,
  }
}

describe.skipIf(tier.missing !== undefined)('an informer', () => {
  test('notices a dead stream within a minute', () => {
    expect(WATCH_SECONDS * 1_000 + WATCH_GRACE_MS).toBeLessThan(DEAF_AFTER_MS)
    expect(DEAF_AFTER_MS).toBeLessThanOrEqual(60_000)
  })

  test('lists in pages, then follows every change over many streams without another list', async () => {
    for (let index = 0; index < 7; index++) await ground.put(`m${index}`, { at: '0' })
    const watched = await follow({ pageSize: 3, watchSeconds: 1 })
    expect(watched.names()).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6'])
    expect(watched.counted(lists)).toBe(3)
    let round = 0
    while (watched.counted(watches) < 5) {
      await ground.put('m1', { at: String(++round) })
      await watched.sees('m1', { at: String(round) })
    }
    await ground.remove('m2')
    await watched.sees('m2', undefined)
    expect(watched.counted(lists)).toBe(3)
    expect(watched.changes.filter(change => change.endsWith('m1')).length).toBe(round + 1)
    expect(watched.changes.at(-1)).toBe('deleted m2')
    expect(watched.informer.store.list()[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' })
    expect(watched.informer.store.get(`${ground.namespace}/m1`)?.metadata.managedFields).toBeUndefined()
  })

  test('finds out that a stream is half-open, and resumes without a list', async () => {
    const watched = await follow()
    await until('a watch is open', { withinMs: 5_000 }, () => watched.notes.some(({ kind }) => kind === 'watching'))
    expect(ground.proxy.mute(watches)).toBe(1)
    await ground.put('late', { at: '1' })
    // Its deadline is four seconds here.
    expect(await watched.sees('late', { at: '1' }, 6_000)).toBeGreaterThan(500)
    expect(watched.counted(lists)).toBe(1)
    expect(watched.notes).toContainEqual(
      expect.objectContaining({ kind: 'broke', reason: 'connection', next: 'watch' }),
    )
  })

  test('resumes a cut stream at once, with what happened meanwhile', async () => {
    const watched = await follow({ watchSeconds: 60 })
    for (let round = 1; round <= 5; round++) {
      await until('a watch is open', { withinMs: 5_000 }, () => ground.proxy.cut(watches) > 0)
      await ground.put('cut', { at: String(round) })
      await watched.sees('cut', { at: String(round) })
    }
    expect(watched.counted(lists)).toBe(1)
  })

  test('waits as long as a 429 asks for, then resumes', async () => {
    ground.proxy.inject({ match: watches, fault: { kind: 'fail', status: 429, retryAfter: '2' }, times: 1 })
    const watched = await follow()
    await ground.put('patient', { at: '1' })
    await watched.sees('patient', { at: '1' })
    const [first, second] = ground.proxy.requests.filter(watches)
    expect(second!.at - first!.at).toBeGreaterThan(1_990)
    expect(watched.counted(lists)).toBe(1)
  })

  test('lists in spite of 429 and 503, and says that it is not in step before', async () => {
    ground.proxy.inject({ match: lists, fault: { kind: 'fail', status: 429, retryAfter: '1' }, times: 1 })
    ground.proxy.inject({ match: lists, fault: { kind: 'fail', status: 503 }, times: 2 })
    ground.proxy.inject({ match: lists, fault: { kind: 'cut', server: 'served' }, times: 1 })
    await ground.put('there', { at: '1' })
    const informer = new Informer(ground.api, resources.configMaps, { selection: { namespace: ground.namespace } })
    const stop = new AbortController()
    stops.push(stop)
    informer.run(stop.signal)
    expect(informer.hasSynced).toBe(false)
    await informer.synced
    expect(informer.store.get(`${ground.namespace}/there`)?.data).toEqual({ at: '1' })
    expect(ground.proxy.requests.filter(lists).length).toBe(5)
  })

  test('mistrusts events in the wrong order, and does not bring the deleted back', async () => {
    await ground.put('gone', { at: '1' })
    ground.proxy.inject({ match: watches, fault: { kind: 'reorder' }, times: 1 })
    const watched = await follow()
    await until('a watch is open', { withinMs: 5_000 }, () => watched.notes.some(({ kind }) => kind === 'watching'))
    await ground.put('gone', { at: '2' })
    await ground.remove('gone')
    await until('a second list', { withinMs: 10_000 }, () => watched.counted(lists) === 2)
    await watched.sees('gone', undefined)
    expect(watched.notes).toContainEqual(expect.objectContaining({ kind: 'broke', reason: 'disordered', next: 'list' }))
  })

  test('does not go back to a list from the past', async () => {
    const watched = await follow()
    await ground.put('new', { at: '1' })
    await watched.sees('new', { at: '1' })
    ground.proxy.inject({ match: watches, fault: { kind: 'fail', status: 410 }, times: 1 })
    ground.proxy.inject({ match: lists, fault: { kind: 'stale' }, times: 2 })
    await until('a fresh list', { withinMs: 15_000 }, () => watched.counted(lists) === 4)
    await ground.put('new', { at: '2' })
    await watched.sees('new', { at: '2' })
    expect(watched.changes).toEqual(['added new', 'updated new'])
  })

  const faults: Fault[] = [
    { kind: 'fail', status: 500 },
    { kind: 'fail', status: 503 },
    { kind: 'cut', server: 'untouched' },
    { kind: 'cut', server: 'served' },
    { kind: 'reorder' },
    { kind: 'delay', ms: 300 },
    { kind: 'fail', status: 410 },
  ]
  test.each(['one', 'two', 'three', 'four'])('ends with what the server has, whatever happens: seed %s', async seed => {
    const stopFaults = ground.proxy.injectAtRandom(seed, 0.4, faults)
    const watched = await follow({ watchSeconds: 1, watchGraceMs: 500 })
    for (let round = 0; round < 60; round++) {
      await ground.put(`m${round % 6}`, { at: String(round) })
      if (round % 5 === 4) await ground.remove(`m${(round + 3) % 6}`)
      if (round % 20 === 10) ground.proxy.cut(watches)
    }
    const last = await ground.put('last', { at: 'end' })
    await watched.sees('last', last.data, 30_000)
    stopFaults()
    const { items } = await ground.direct.page(
      resources.configMaps,
      { namespace: ground.namespace, labelSelector: 'test=yes' },
      100,
      undefined,
      new AbortController().signal,
    )
    expect(
      watched.informer.store
        .list()
        .map(({ metadata, data }) => [metadata.name, data])
        .sort(),
    ).toEqual(items.map(({ metadata, data }) => [metadata.name, data]).sort())
  })

  test('comes back when the server does; and lists once when that has forgotten its version', async () => {
    const own = await apiTier.up()
    const other = await newGround(own, readFileSync(own.kubeconfig, 'utf8'))
    const stop = new AbortController()
    try {
      const notes: InformerNote[] = []
      const informer = new Informer(other.api, resources.configMaps, {
        selection: { namespace: other.namespace },
        onNote: note => notes.push(note),
      })
      const count = (kind: InformerNote['kind']) => notes.filter(note => note.kind === kind).length
      const ended = informer.run(stop.signal)
      await informer.synced
      await until('a watch is open', { withinMs: 5_000 }, () => count('watching') === 1)
      await own.apiServer.kill()
      await until('it notices', { withinMs: 5_000 }, () => count('broke') > 0)
      await until('the silence grows', { withinMs: 10_000 }, () => informer.silentMs > 2_000)
      const watched = count('watching')
      await own.startApiServer()
      await until('it watches again', { withinMs: 40_000 }, () => count('watching') > watched)
      await other.put('after', { at: '1' })
      const describe = () => JSON.stringify({ notes, requests: other.proxy.requests })
      // A server that has just started may end a stream or two, and then the longest pause is due.
      const withinMs = informerBackoff.maxMs + 10_000
      await until('it sees', { withinMs, describe }, () => informer.store.get(`${other.namespace}/after`))
      const listed = count('listed')
      expect(listed).toBeLessThanOrEqual(2)

      // The server that was started anew remembers nothing of the first version: the refusal is its own.
      other.proxy.inject({ match: watches, fault: { kind: 'rewrite', query: { resourceVersion: '1' } }, times: 1 })
      other.proxy.cut(watches)
      await until('another list', { withinMs: 15_000, describe }, () => count('listed') === listed + 1)
      expect(notes).toContainEqual(expect.objectContaining({ kind: 'broke', reason: 'Expired', next: 'list' }))
      await other.put('after', { at: '2' })
      await until(
        'it sees',
        { withinMs: 15_000, describe },
        () => informer.store.get(`${other.namespace}/after`)?.data?.at === '2',
      )
      stop.abort()
      await ended
    } finally {
      stop.abort()
      await other.close()
      await own.down()
    }
  }, 150_000)
})
