import { expect, test } from 'vitest'
import type { Link } from '../../../api/link.ts'
import type { PartReport } from '../../../chaos/agent/protocol.ts'
import { faultStatus } from './agent-links.ts'

const part = (link: Partial<Link>): PartReport => ({
  direction: 'out',
  link: { drop: false, ...link },
  addresses: 3,
  met: { packets: 40, bytes: 4_000 },
  lost: { packets: 7, bytes: 700 },
  shaped: { packets: 2, bytes: 5_000, overflowed: 0 },
})
const same = { peer: '3 addresses', direction: 'out', leakedBytes: 0 }

test.each<[string, Partial<Link>, object]>([
  ['a drop holds all it meets', { drop: true, loss: 0.5 }, { heldBytes: 4_000, delayedBytes: 0 }],
  ['a delay', { delayMs: 5 }, { heldBytes: 0, delayedBytes: 5_000 }],
  ['a loss says what it took', { loss: 0.1 }, { heldBytes: 0, delayedBytes: 5_000, lostPackets: 7 }],
])('%s', (_name, link, expected) => {
  const report = { rows: [{ id: 'f', endsAt: 9, ended: true, parts: [part(link)] }] }
  expect(faultStatus('f', report)).toEqual({ id: 'f', endsAt: 9, links: [{ ...same, ...expected }] })
  expect(faultStatus('other', report)).toBeUndefined()
})
