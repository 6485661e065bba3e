import { describe, expect, test } from 'vitest'
import type { Lease, Node } from '../runtime/resource.ts'
import { Machines, STALE_LEASE_MS } from './machines.ts'

const node = (name: string, ready?: string, message = ''): Node => ({
  metadata: { name },
  status: { conditions: ready ? [{ type: 'Ready', status: ready, message }] : [] },
})
const lease = (name: string, renewTime: string): Lease => ({ metadata: { name }, spec: { renewTime } })

describe('a machine is thought lost', () => {
  test.each<[string, Node, string | undefined]>([
    ['when it is not ready', node('a', 'False', 'disk is full'), 'it is not ready: disk is full'],
    ['when nobody knows', node('a', 'Unknown', 'Kubelet stopped posting node status.'), 'stopped posting'],
    ['but not when it is ready', node('a', 'True'), undefined],
    ['nor before its kubelet said anything', node('a'), undefined],
  ])('%s', (_, machine, why) => {
    const lost = new Machines().lost([machine], 0).get('a')
    if (why === undefined) expect(lost).toBeUndefined()
    else expect(lost).toContain(why)
  })

  test('when its lease is not renewed, by our own clock', () => {
    const machines = new Machines()
    const lost = (at: number) => machines.lost([node('a', 'True'), node('b', 'True')], at)
    machines.renewed(lease('a', '2020-01-01T00:00:00Z'), 0)
    machines.renewed(lease('b', '2099-01-01T00:00:00Z'), 0)
    expect(lost(STALE_LEASE_MS)).toEqual(new Map())
    machines.renewed(lease('b', '2099-01-01T00:00:10Z'), 10_000)
    // The same renewal once more, as a list brings it, is none.
    machines.renewed(lease('a', '2020-01-01T00:00:00Z'), 10_000)
    expect([...lost(26_000)]).toEqual([['a', 'its kubelet has not renewed its lease for 26 s']])
    machines.renewed(lease('a', '2020-01-01T00:00:30Z'), 30_000)
    expect(lost(34_000)).toEqual(new Map())
  })

  test('but not because we did not listen', () => {
    const machines = new Machines()
    machines.renewed(lease('a', '1'), 0)
    machines.listening(60_000)
    expect(machines.lost([node('a', 'True')], 61_000)).toEqual(new Map())
    expect(machines.lost([node('a', 'True')], 86_000).size).toBe(1)
    machines.removed(lease('a', '1'))
    expect(machines.lost([node('a', 'True')], 86_000).size).toBe(0)
  })
})
