import { createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { addressesIn, firstRange, HOSTS_PER_RANGE, planAddresses } from './addresses.ts'

const names = Array.from({ length: 600 }, (_, index) => `n-${index}`)
const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

test('every node has a host of its own in 127.16.0.0 to 127.239.255.255, also at the last range', () => {
  for (const range of [0, 5, 224 * 256 - 1]) {
    const hosts = [...addressesIn(range, 1_000, names).values()].map(({ host }) => host)
    expect(new Set(hosts).size).toBe(names.length)
    for (const host of hosts) {
      const [a, b, c, d] = host.split('.').map(Number) as [number, number, number, number]
      expect(a).toBe(127)
      expect(b >= 16 && b <= 239 && c >= 0 && c <= 255 && d >= 1 && d <= HOSTS_PER_RANGE).toBe(true)
    }
  }
})

test.runIf(process.platform === 'linux')(
  'takes the first range of the name, and another when that is used or taken',
  async () => {
    const two = names.slice(0, 2)
    const first = await planAddresses(two, 'some/key', new Set())
    const again = await planAddresses(two, 'some/key', new Set())
    expect(again).toEqual(first)
    const host = first.get('n-1')!.host
    expect(addressesIn(firstRange('some/key'), 0, two).get('n-1')!.host).toBe(host)

    const beside = await planAddresses(two, 'some/key', new Set([host]))
    expect(beside.get('n-0')!.host).not.toBe(first.get('n-0')!.host)

    const holder = createServer()
    closers.push(() => holder.close())
    await new Promise<void>(resolve => holder.listen(first.get('n-1')!.admin, host, resolve))
    const around = await planAddresses(two, 'some/key', new Set())
    expect(around).not.toEqual(first)
  },
)

test('where only 127.0.0.1 exists, no port is given twice', async () => {
  const addresses = [...(await planAddresses(names.slice(0, 20), 'key', new Set(), 'darwin')).values()]
  const ports = addresses.flatMap(({ p2p, websocket, http, admin }) => [p2p, websocket, http, admin])
  expect(new Set(ports).size).toBe(80)
  expect(new Set(addresses.map(({ host }) => host))).toEqual(new Set(['127.0.0.1']))
})
