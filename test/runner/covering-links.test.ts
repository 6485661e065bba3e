import { afterEach, expect, test } from 'vitest'
import type { LinkRow } from '../../api/link.ts'
import type { Holder } from '../../chaos/runner/target.ts'
import { type Addresses, CoveringLinks } from '../../operator/kubernetes/runner/covering-links.ts'
import { until } from '../cluster/until.ts'

const closed: AbortController[] = []
afterEach(() => {
  for (const controller of closed.splice(0)) controller.abort()
})

/** Three nodes whose addresses change, and what each of them was last told. */
class Place implements Addresses, Holder<LinkRow> {
  readonly hosts = new Map([
    ['a', '10.0.0.1'],
    ['b', '10.0.0.2'],
    ['c', '10.0.0.3'],
  ])
  /** By `node/id`: the hosts that the row in force names. */
  readonly rows = new Map<string, string[]>()
  readonly calls: string[] = []
  /** Nodes that do not answer. */
  readonly deaf = new Set<string>()
  #listener: (node: string) => void = () => {}

  hostOf(node: string): string {
    return this.hosts.get(node) ?? ''
  }
  onChange(listener: (node: string) => void): void {
    this.#listener = listener
  }
  moves(node: string, host: string): void {
    this.hosts.set(node, host)
    this.#listener(node)
  }
  async put(node: string, { id, classes }: LinkRow): Promise<void> {
    this.calls.push(`put ${node}`)
    if (this.deaf.has(node)) throw new Error(`${node} does not answer`)
    this.rows.set(
      `${node}/${id}`,
      classes.flatMap(({ peers }) => peers.map(({ host }) => host)),
    )
  }
  async end(node: string, id: string): Promise<undefined> {
    this.calls.push(`end ${node}`)
    this.rows.delete(`${node}/${id}`)
  }
  async inForce(): Promise<readonly string[]> {
    return []
  }
}

const row = (peer: string, endsAt = Date.now() + 60_000): LinkRow => ({
  id: 'x.cut',
  endsAt,
  classes: [{ direction: 'out', link: { drop: true }, peers: [{ name: peer, host: 'stale', peerId: `id-${peer}` }] }],
})

function cover(): { place: Place; links: CoveringLinks; signal: AbortSignal } {
  const place = new Place()
  const controller = new AbortController()
  closed.push(controller)
  return { place, links: new CoveringLinks(place, place, controller.signal), signal: controller.signal }
}
const soon = (place: Place, what: string, condition: () => boolean) =>
  until(
    what,
    { withinMs: 2_000, everyMs: 5, describe: () => JSON.stringify([...place.rows, ...place.calls]) },
    condition,
  )

test('names addresses as they are, whatever the row says', async () => {
  const { place, links, signal } = cover()
  await links.put('a', row('b'), { signal })
  expect(place.rows.get('a/x.cut')).toEqual(['10.0.0.2'])
})

test('a pod that comes back elsewhere is named anew by others, and gets its own row, once it listens', async () => {
  const { place, links, signal } = cover()
  await links.put('a', row('b'), { signal })
  await links.put('b', row('a'), { signal })
  await links.put('c', row('a'), { signal })
  const before = place.calls.length
  place.deaf.add('b')
  place.rows.delete('b/x.cut')
  place.moves('b', '10.0.0.22')
  await soon(place, 'a names it anew', () => place.rows.get('a/x.cut')?.[0] === '10.0.0.22')
  place.deaf.delete('b')
  await soon(place, 'b has its row', () => place.rows.get('b/x.cut')?.[0] === '10.0.0.1')
  expect(place.calls.slice(before)).not.toContain('put c')
})

test('what was ended is not put again, and neither is what has lapsed', async () => {
  const { place, links, signal } = cover()
  await links.put('a', row('b'), { signal })
  await links.put('c', row('b', Date.now() - 1), { signal })
  place.deaf.add('a')
  place.moves('b', '10.0.0.22')
  await links.end('a', 'x.cut', { signal })
  place.deaf.delete('a')
  const after = place.calls.length
  place.moves('b', '10.0.0.23')
  // A row of this node comes after whatever the change has caused.
  await links.put('b', row('a'), { signal })
  await links.put('a', row('c'), { signal })
  expect(place.calls.slice(after)).toEqual(['put b', 'put a'])
  expect(place.rows.get('a/x.cut')).toEqual(['10.0.0.3'])
})

test('a newer row is what is put again', async () => {
  const { place, links, signal } = cover()
  await links.put('a', row('b'), { signal })
  await links.put('a', row('c'), { signal })
  place.moves('c', '10.0.0.33')
  await soon(place, 'a names c anew', () => place.rows.get('a/x.cut')?.[0] === '10.0.0.33')
})
