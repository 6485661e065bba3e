import { expect, test } from 'vitest'
import { Blueprints } from './blueprint.ts'
import { Miniature, settings } from './miniature.ts'

test('hundreds of small testnets that take turns are drawn once each', () => {
  const blueprints = new Blueprints(settings)
  const { testnet, ...world } = new Miniature({ groups: [{ name: 'm', role: 'miner' }] }).world()
  const worlds = Array.from({ length: 300 }, (_, index) => ({
    ...world,
    testnet: { ...testnet, metadata: { ...testnet.metadata, uid: `u-${index}` } },
  }))
  const first = worlds.map(each => blueprints.of(each))
  expect(worlds.every((each, index) => blueprints.of(each) === first[index])).toBe(true)
})
