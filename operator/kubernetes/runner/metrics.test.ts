import { expect, test } from 'vitest'
import type { FaultProgress } from '../../../chaos/runner/progress.ts'
import type { Holder } from '../../../chaos/runner/target.ts'
import { RunnerMeters } from './metrics.ts'

interface Item {
  readonly id: string
  readonly endsAt: number
}
const options = { signal: new AbortController().signal }
const labels = 'namespace="team",experiment="cut",testnet="net"'

function metered(silent: ReadonlySet<string>) {
  let now = 0
  const meters = new RunnerMeters({ namespace: 'team', experiment: 'cut' }, () => now)
  meters.testnet = 'net'
  const inner: Holder<Item> = {
    put: async node => {
      now += 250
      if (silent.has(node)) throw new Error('no answer')
    },
    end: async () => undefined,
    inForce: async () => ['row'],
  }
  return { meters, holder: meters.metered(inner, new Map([['row', 'halves']])) }
}

test('what holds a fault is counted: how far apart it was put, and each renewal', async () => {
  const silent = new Set<string>()
  const { meters, holder } = metered(silent)
  const put = (node: string) => holder.put(node, { id: 'row', endsAt: 1 }, options)
  for (const node of ['a', 'b', 'c']) await put(node)
  expect(await meters.scrape()).toContain(`trellis_runner_injection_skew_seconds{fault="halves",${labels}} 0.5`)
  for (const node of ['a', 'b']) await put(node)
  silent.add('a').add('d')
  await expect(put('a')).rejects.toThrow('no answer')
  // It never had the fault: nothing was renewed.
  await expect(put('d')).rejects.toThrow('no answer')
  const text = await meters.scrape()
  expect(text).toContain(`trellis_runner_lease_renewals_total{outcome="renewed",${labels}} 2`)
  expect(text).toContain(`trellis_runner_lease_renewals_total{outcome="failed",${labels}} 1`)
  expect(text).toContain(`trellis_runner_injection_skew_seconds{fault="halves",${labels}} 0.5`)
  expect(await holder.inForce('a', options)).toEqual(['row'])
})

test('faults are told with their kind and their targets', async () => {
  const { meters } = metered(new Set())
  const fault = (name: string, state: FaultProgress['state']): FaultProgress => ({
    name,
    state,
    until: null,
    targets: ['a', 'b'],
    sides: [],
  })
  const told = [{ name: 'halves', targets: 2, injected: 2, recovered: 0 }]
  meters.show([fault('halves', 'active'), fault('later', 'waiting')], told, new Map([['halves', 'partition']]))
  const text = await meters.scrape()
  expect(text).toContain(`trellis_runner_faults_active{fault="halves",kind="partition",${labels}} 1`)
  expect(text).toContain(`trellis_runner_faults_active{fault="later",kind="",${labels}} 0`)
  expect(text).toContain(`trellis_runner_targets{fault="halves",state="injected",${labels}} 2`)
  expect(text).toContain(`trellis_runner_targets{fault="halves",state="recovered",${labels}} 0`)
})
