// Leader election with real processes that are killed, stopped for longer than the lease, and cut off.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { seededRng, shuffled } from '../../api/random.ts'
import { NotLeaderError } from '../../operator/kubernetes/runtime/api-error.ts'
import { Informer } from '../../operator/kubernetes/runtime/informer.ts'
import { Leader } from '../../operator/kubernetes/runtime/leader.ts'
import { type Lease, resources } from '../../operator/kubernetes/runtime/resource.ts'
import { Writer } from '../../operator/kubernetes/runtime/writer.ts'
import { until } from '../cluster/until.ts'
import { type Ground, newGround } from '../support/api-server.ts'
import { candidateTimes } from '../support/candidate-times.ts'

const tier = inject('apiTier')
const fixture = resolve(import.meta.dirname, '../fixtures/candidate.ts')
/** The lease, its last renewal's age, a candidate's next question, and a busy machine. */
const TAKEOVER_MS = candidateTimes.leaseMs + candidateTimes.renewMs + 4_000

let ground: Ground
const stops: AbortController[] = []
const children = new Set<ChildProcess>()
beforeEach(async () => {
  if (tier.address) ground = await newGround(tier.address, readFileSync(tier.address.kubeconfig, 'utf8'))
})
afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort()
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  children.clear()
  await ground?.close()
})

const holderOf = async (): Promise<string> => {
  const name = { namespace: ground.namespace, name: 'leader' }
  const lease: Lease | undefined = await ground.direct
    .get(resources.leases, name, AbortSignal.timeout(5_000))
    .catch(() => undefined)
  return lease?.spec?.holderIdentity ?? ''
}

function start(identity: string): ChildProcess {
  const child = spawn(process.execPath, [fixture, tier.address!.kubeconfig, ground.namespace, identity], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  children.add(child)
  return child
}

describe.skipIf(tier.missing !== undefined)('leader election', () => {
  test('never has two writers, whoever is killed or stopped', async () => {
    // Every write, in the order in which the server took it.
    const writers: string[] = []
    const informer = new Informer(ground.direct, resources.configMaps, {
      selection: { namespace: ground.namespace, fieldSelector: 'metadata.name=written' },
      onChange: ({ object }) => {
        const by = object.data?.by ?? ''
        if (writers.at(-1) !== by) writers.push(by)
      },
    })
    const stop = new AbortController()
    stops.push(stop)
    informer.run(stop.signal)
    await informer.synced

    const fates = shuffled(
      (['SIGKILL', 'SIGSTOP', 'SIGTERM', 'SIGSTOP'] as const).flatMap(fate => [fate, fate]),
      seededRng('leaders'),
    )
    const candidates = new Map<string, ChildProcess>()
    let born = 0
    const spawnOne = () => {
      const identity = `c${born++}`
      candidates.set(identity, start(identity))
    }
    spawnOne()
    spawnOne()
    const led: string[] = []
    for (const fate of fates) {
      const holder = await until(
        'a new leader writes',
        { withinMs: TAKEOVER_MS + 10_000, describe: () => JSON.stringify({ led, writers }) },
        async () => {
          const current = await holderOf()
          return current !== '' && !led.includes(current) && writers.at(-1) === current && current
        },
      )
      led.push(holder)
      const leader = candidates.get(holder)!
      candidates.delete(holder)
      spawnOne()
      leader.kill(fate)
      if (fate !== 'SIGSTOP') continue
      await until(
        'another leads',
        { withinMs: TAKEOVER_MS + 10_000 },
        async () => ![holder, ''].includes(await holderOf()),
      )
      // It wakes up in the belief that it leads, with a write on its mind.
      leader.kill('SIGCONT')
      await until('the deposed one ends', { withinMs: 10_000 }, () => leader.exitCode !== null)
    }
    // Each led once, and none wrote after another had begun.
    expect(writers.slice(0, led.length)).toEqual(led)
    expect(new Set(writers).size).toBe(writers.length)
  }, 180_000)

  test('ends the term of a leader that is cut off before anybody else leads', async () => {
    const { namespace, proxy, api, direct } = ground
    const lease = { namespace, name: 'leader' }
    const one = new Leader(api, { lease, identity: 'one', times: candidateTimes })
    const two = new Leader(direct, { lease, identity: 'two', times: candidateTimes })
    const stop = new AbortController()
    stops.push(stop)
    one.run(stop.signal)
    await one.elected
    two.run(stop.signal)
    const write = () =>
      new Writer(api, one).apply(
        resources.configMaps,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace } },
        stop.signal,
      )
    await write()
    proxy.inject({ match: () => true, fault: { kind: 'silence' } })
    const started = performance.now()
    const hanging = expect(write()).rejects.toThrow(NotLeaderError)
    let lostAt = 0
    one.term.addEventListener('abort', () => {
      lostAt = performance.now() - started
    })
    await two.elected
    const takenAt = performance.now() - started
    await hanging
    expect(lostAt).toBeGreaterThan(0)
    expect(lostAt).toBeLessThan(takenAt)
    const before = proxy.requests.length
    await expect(write()).rejects.toThrow(NotLeaderError)
    expect(proxy.requests.length).toBe(before)
  })

  test('passes to the next at once when it is given away', async () => {
    const { namespace, direct } = ground
    const lease = { namespace, name: 'leader' }
    const one = new Leader(direct, { lease, identity: 'one', times: candidateTimes })
    const two = new Leader(direct, { lease, identity: 'two', times: candidateTimes })
    const stopOne = new AbortController()
    const stopTwo = new AbortController()
    stops.push(stopOne, stopTwo)
    const ended = one.run(stopOne.signal)
    await one.elected
    two.run(stopTwo.signal)
    stopOne.abort()
    await ended
    expect([one.isLeader, await holderOf()]).toEqual([true, 'one'])
    const started = performance.now()
    await one.release()
    await two.elected
    expect(performance.now() - started).toBeLessThan(candidateTimes.leaseMs)
    expect(() => one.check()).toThrow('this process gave the lease away')
  })
})
