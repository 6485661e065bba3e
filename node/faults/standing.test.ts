import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Roster } from '../../api/node-config.ts'
import { standingLinks } from './standing.ts'

const roster: Roster = {
  roster: [
    { name: 'a-0', peerId: 'A0', region: 'east', host: '10.0.0.1' },
    { name: 'a-1', peerId: 'A1', region: 'east' },
    { name: 'b-0', peerId: 'B0', region: 'west', host: '10.0.0.3' },
    { name: 'c-0', peerId: 'C0', region: 'north' },
  ],
  latency: [
    { from: 'east', to: 'west', delayMs: 40, jitterMs: 2 },
    { from: 'east', to: 'north', delayMs: 40, jitterMs: 2 },
    { from: 'west', to: 'east', delayMs: 45, jitterMs: 0 },
    { from: 'east', to: 'nowhere', delayMs: 1, jitterMs: 0 },
  ],
}

test('equal links share a class, each way has its own, and peers stand with what is known of them', () => {
  expect(standingLinks({ name: 'a-0', region: 'east' }, roster)).toEqual([
    {
      direction: 'out',
      link: { drop: false, delayMs: 40, jitterMs: 2 },
      peers: [
        { name: 'b-0', host: '10.0.0.3', peerId: 'B0' },
        { name: 'c-0', host: '', peerId: 'C0' },
      ],
    },
  ])
  expect(standingLinks({ name: 'b-0', region: 'west' }, roster)).toEqual([
    {
      direction: 'out',
      link: { drop: false, delayMs: 45 },
      peers: [
        { name: 'a-0', host: '10.0.0.1', peerId: 'A0' },
        { name: 'a-1', host: '', peerId: 'A1' },
      ],
    },
  ])
  expect(standingLinks({ name: 'c-0', region: 'north' }, roster)).toEqual([])
})

test('latency within a region is between its nodes, not with oneself', () => {
  const within = { ...roster, latency: [{ from: 'east', to: 'east', delayMs: 1, jitterMs: 0 }] }
  const [only] = standingLinks({ name: 'a-0', region: 'east' }, within)
  expect(only?.peers.map(({ name }) => name)).toEqual(['a-1'])
})

test('every pair has the latency of its regions and its direction, once', () => {
  const region = fc.constantFrom('x', 'y', 'z')
  const rows = fc.uniqueArray(
    fc.record({ from: region, to: region, delayMs: fc.integer({ min: 1, max: 3 }), jitterMs: fc.constantFrom(0, 5) }),
    { selector: ({ from, to }) => `${from} ${to}` },
  )
  fc.assert(
    fc.property(fc.array(region, { minLength: 1, maxLength: 8 }), rows, (regions, latency) => {
      const nodes = regions.map((at, index) => ({ name: `n-${index}`, peerId: `p-${index}`, region: at }))
      for (const self of nodes) {
        const classes = standingLinks(self, { roster: nodes, latency })
        for (const other of nodes) {
          const of = classes.filter(({ peers }) => peers.some(({ name }) => name === other.name))
          const row = latency.find(({ from, to }) => from === self.region && to === other.region)
          const expected = row && other !== self ? [row.delayMs] : []
          expect(of.map(({ link }) => link.delayMs)).toEqual(expected)
        }
        expect(classes.length).toBeLessThanOrEqual(latency.length)
      }
    }),
  )
})
