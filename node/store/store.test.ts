import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Store, StoreError } from './store.ts'

const genesis = 'a1'.repeat(32)
const hash = (n: number): string => n.toString(16).padStart(64, '0')
const block = (n: number, height = n) => ({
  hash: hash(n),
  height,
  header: new Uint8Array([1, n]),
  body: new Uint8Array([2, n]),
})

const main = (n: number, transactions: string[] = []) => ({ hash: hash(n), transactions })

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trellis-store-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('store', () => {
  it('gives back blocks after a reopen, forks included, lowest first', async () => {
    const store = await Store.open(directory, genesis)
    for (const b of [block(3), block(1), block(2), block(12, 2)]) await store.putBlock(b)
    await store.close()
    const again = await Store.open(directory, genesis)
    expect([...(await again.header(hash(3)))!]).toEqual([1, 3])
    expect([...(await again.body(hash(12)))!]).toEqual([2, 12])
    expect(await again.has(hash(9))).toBe(false)
    const seen = await Array.fromAsync(again.blocksAbove(1))
    expect(seen).toEqual([
      { hash: hash(2), height: 2 },
      { hash: hash(12), height: 2 },
      { hash: hash(3), height: 3 },
    ])
    await again.close()
  })

  it('moves the main chain to a shorter branch without leaving the old tip', async () => {
    const store = await Store.open(directory, genesis)
    await store.setMain(1, [main(1), main(2, [hash(99)]), main(3)], 0)
    await store.setMain(2, [main(22, [hash(99)])], 3)
    expect(await store.mainRange(0, 10)).toEqual([hash(1), hash(22)])
    expect(await store.mainAt(3)).toBeUndefined()
    expect(await store.blockOf(hash(99))).toBe(hash(22))
    expect(await store.blockOf(hash(98))).toBeUndefined()
    await store.close()
  })

  it('refuses a directory of another chain, naming both', async () => {
    await (await Store.open(directory, genesis)).close()
    const other = await Store.open(directory, 'b2'.repeat(32)).catch(e => e)
    expect(other).toBeInstanceOf(StoreError)
    expect(other.code).toBe('wrong-chain')
    expect(other.message).toContain('a1a1')
    expect(other.message).toContain('b2b2')
  })

  it('refuses a directory that another opener holds', async () => {
    const store = await Store.open(directory, genesis)
    const second = await Store.open(directory, genesis).catch(e => e)
    expect(second.code).toBe('in-use')
    await store.close()
  })
})
