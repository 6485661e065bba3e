import { expect, test } from 'vitest'
import type { Link } from '../../api/link.ts'
import { missingFor, type PrimitiveName, primitivesFor } from './preflight.ts'

test.each<[Partial<Link>, 'in' | 'out', PrimitiveName[]]>([
  [{ drop: true }, 'in', ['timed-sets']],
  [{ drop: true, loss: 0.5 }, 'out', ['timed-sets']],
  [{ loss: 0.1 }, 'in', ['timed-sets', 'numgen']],
  [{ loss: 0.1 }, 'out', ['timed-sets', 'numgen', 'priority', 'htb', 'blackhole']],
  [{ rate: 9 }, 'out', ['timed-sets', 'priority', 'htb', 'tbf']],
  [{ delayMs: 1 }, 'out', ['timed-sets', 'priority', 'htb', 'netem']],
  [{ delayMs: 1, jitterMs: 1 }, 'out', ['timed-sets', 'priority', 'htb', 'netem', 'netem-jitter']],
])('%j %s stands on %j', (link, direction, expected) => {
  expect(primitivesFor({ drop: false, ...link }, direction)).toEqual(expected)
})

test('without netem delays are impossible and nothing else', () => {
  const primitives = [
    { name: 'timed-sets', present: true },
    { name: 'netem', present: false, reason: 'qdisc kind is unknown' },
  ] as const
  expect(missingFor({ drop: false, delayMs: 5 }, 'out', primitives)).toEqual([primitives[1]])
  expect(missingFor({ drop: true }, 'out', primitives)).toEqual([])
})
