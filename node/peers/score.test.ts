import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BAN_BELOW,
  DISCONNECT_BELOW,
  HALF_LIFE_MS,
  MAX_SCORED_PEERS,
  MIN_SCORE,
  offenceWeights,
  PeerScores,
  RETURN_ABOVE,
} from './score.ts'

const LONGEST_BAN_MS = HALF_LIFE_MS * Math.log2(MIN_SCORE / RETURN_ABOVE)

describe('scores', () => {
  test.each([
    ['sync-no-answer', 'good'],
    ['rejected-block', 'disconnect'],
    ['wrong-network', 'ban'],
    ['an offence of a later version', 'good'],
    ['constructor', 'good'],
  ] as const)('one %s: %s', (offence, standing) => {
    expect(new PeerScores().offend('p', offence, 0)).toBe(standing)
  })

  test('a score halves in ten minutes, and the peer may return above -10', () => {
    const scores = new PeerScores()
    scores.offend('p', 'rejected-block', 0)
    expect(scores.score('p', HALF_LIFE_MS)).toBeCloseTo(-10)
    expect(scores.blocked('p', HALF_LIFE_MS - 1)).toBe('score too low: rejected-block')
    expect(scores.blocked('p', HALF_LIFE_MS + 1)).toBeNull()
  })

  test('a ban is not softened by a lesser offence', () => {
    const scores = new PeerScores()
    scores.offend('p', 'wrong-network', 0)
    expect(scores.offend('p', 'sync-no-answer', HALF_LIFE_MS)).toBe('ban')
  })

  test('every ban ends, whatever was done, and no score leaves its range', () => {
    const offence = fc.record({ offence: fc.constantFrom(...Object.keys(offenceWeights)), waitMs: fc.nat(300_000) })
    fc.assert(
      fc.property(fc.array(offence, { minLength: 1, maxLength: 60 }), steps => {
        const scores = new PeerScores()
        let now = 0
        for (const step of steps) {
          now += step.waitMs
          const standing = scores.offend('p', step.offence, now)
          const score = scores.score('p', now)
          expect(score).toBeLessThanOrEqual(0)
          expect(score).toBeGreaterThanOrEqual(MIN_SCORE)
          if (score <= DISCONNECT_BELOW) expect(standing).not.toBe('good')
          if (score <= BAN_BELOW) expect(standing).toBe('ban')
        }
        expect(scores.blocked('p', now + LONGEST_BAN_MS + 1)).toBeNull()
      }),
      { numRuns: 200 },
    )
  })

  test('the table stays bounded and keeps the guiltiest', () => {
    const scores = new PeerScores()
    scores.offend('guilty', 'wrong-network', 0)
    for (let i = 0; i < MAX_SCORED_PEERS + 50; i++) scores.offend(`p${i}`, 'sync-no-answer', i)
    expect(scores.size).toBe(MAX_SCORED_PEERS)
    expect(scores.blocked('guilty', MAX_SCORED_PEERS)).not.toBeNull()
  })
})
