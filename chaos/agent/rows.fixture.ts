// Rows for tests.
import type { Link, LinkRow } from '../../api/link.ts'
import type { ActiveRow } from './parts.ts'

export const peer = (host: string) => ({ name: `n-${host}`, host, peerId: `id-${host}` })

export const rowOf = (id: string, direction: 'in' | 'out', link: Partial<Link>, ...hosts: string[]): LinkRow => ({
  id,
  endsAt: 1_000_000,
  classes: [{ direction, link: { drop: false, ...link }, peers: hosts.map(peer) }],
})

export const active = (row: LinkRow, end: number, experiment = 'run'): ActiveRow => ({ experiment, row, end })
