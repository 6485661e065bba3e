// What a node keeps on disk: every block it holds, which of them is the main chain, a state snapshot to restart from,
// and the few values that must survive a crash (the last vote above all). One LevelDB per data directory.
import { ClassicLevel } from 'classic-level'
import { fromHex, toHex } from '../chain/hex.ts'
import type { Hash } from '../chain/types.ts'

export type StoreErrorCode = 'in-use' | 'wrong-chain' | 'unreadable' | 'full'

/** The data directory cannot be used; the message says why and what to do. */
export class StoreError extends Error {
  readonly code: StoreErrorCode
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}

export interface StoredBlock {
  readonly hash: Hash
  readonly height: number
  /** SSZ signed header. */
  readonly header: Uint8Array
  /** SSZ list of signed transactions. */
  readonly body: Uint8Array
}

export interface MainBlock {
  readonly hash: Hash
  /** Ids of its transactions. */
  readonly transactions: readonly Hash[]
}

/** Single values, by name. */
export type Slot = 'genesis' | 'snapshot' | 'state' | 'state-block' | 'certificates' | 'last-vote' | 'address-book'

/** Equivocations kept; a hostile producer can make any number. */
export const MAX_EVIDENCE = 1_024

const heightKey = (height: number): string => height.toString(16).padStart(14, '0')

/**
 * Writes are handed to the kernel before a call resolves (LevelDB flushes its log on every write), so what was
 * stored survives `kill -9`; only a power loss could take the last writes.
 */
export class Store {
  readonly #db: ClassicLevel<string, Uint8Array>
  /** Settles when the batch being written is. */
  #turn: Promise<unknown> = Promise.resolve()
  /** Operations that wait for their turn. Whoever writes waits for the result, so the callers' bounds bound this. */
  #pending: { readonly operations: Operation[]; readonly written: Promise<void> } | undefined

  private constructor(db: ClassicLevel<string, Uint8Array>) {
    this.#db = db
  }

  /** Opens or creates the directory for the chain `genesis`. Throws StoreError. */
  static async open(directory: string, genesis: Hash): Promise<Store> {
    const db = new ClassicLevel<string, Uint8Array>(directory, {
      valueEncoding: 'view',
      // Small testnets, many processes on one machine: little cache, the operating system has its own.
      cacheSize: 2 * 1024 * 1024,
      writeBufferSize: 1024 * 1024,
    })
    try {
      await db.open()
    } catch (error) {
      throw openError(directory, error)
    }
    const store = new Store(db)
    const found = await store.slot('genesis')
    if (found === undefined) await store.setSlot('genesis', fromHex(genesis))
    else if (toHex(found) !== genesis) {
      await db.close()
      throw new StoreError(
        'wrong-chain',
        `data directory ${directory} holds the chain ${toHex(found).slice(0, 16)}…, this node is configured for ${genesis.slice(0, 16)}…: use another directory or delete this one`,
      )
    }
    return store
  }

  /** Keeps a block. Resolves when it would survive a crash of this process. */
  async putBlock(block: StoredBlock): Promise<void> {
    await this.#write([
      { type: 'put', key: `b:${block.hash}`, value: block.header },
      { type: 'put', key: `t:${block.hash}`, value: block.body },
      { type: 'put', key: `x:${heightKey(block.height)}:${block.hash}`, value: new Uint8Array() },
    ])
  }

  /** Takes back a block that turned out to be invalid. */
  async removeBlock(hash: Hash, height: number): Promise<void> {
    await this.#write([
      { type: 'del', key: `b:${hash}` },
      { type: 'del', key: `t:${hash}` },
      { type: 'del', key: `x:${heightKey(height)}:${hash}` },
    ])
  }

  async header(hash: Hash): Promise<Uint8Array | undefined> {
    return view(await this.#db.get(`b:${hash}`))
  }

  async body(hash: Hash): Promise<Uint8Array | undefined> {
    return view(await this.#db.get(`t:${hash}`))
  }

  async has(hash: Hash): Promise<boolean> {
    return (await this.header(hash)) !== undefined
  }

  /**
   * Makes `blocks`, at heights `fromHeight` and up, the end of the main chain, and remembers where their transactions
   * are. Heights up to `oldHeight` that are no longer reached are forgotten.
   */
  async setMain(fromHeight: number, blocks: readonly MainBlock[], oldHeight: number): Promise<void> {
    const operations: Operation[] = []
    for (const [index, { hash, transactions }] of blocks.entries()) {
      const value = fromHex(hash)
      operations.push({ type: 'put', key: `m:${heightKey(fromHeight + index)}`, value })
      for (const id of transactions) operations.push({ type: 'put', key: `i:${id}`, value })
    }
    for (let height = fromHeight + blocks.length; height <= oldHeight; height++)
      operations.push({ type: 'del', key: `m:${heightKey(height)}` })
    await this.#write(operations)
  }

  /** The block that last brought a transaction to the main chain; it may have left it since. */
  async blockOf(transaction: Hash): Promise<Hash | undefined> {
    const value = await this.#db.get(`i:${transaction}`)
    return value && toHex(value)
  }

  /** Main-chain hash at a height. */
  async mainAt(height: number): Promise<Hash | undefined> {
    const value = await this.#db.get(`m:${heightKey(height)}`)
    return value && toHex(value)
  }

  /** Greatest height of the main chain; 0 when there is none. */
  async mainHeight(): Promise<number> {
    const [last] = await this.#db.keys({ gte: 'm:', lt: 'm:~', reverse: true, limit: 1 }).all()
    return last === undefined ? 0 : Number.parseInt(last.slice('m:'.length), 16)
  }

  /** Main-chain hashes of [from, from + limit). */
  async mainRange(from: number, limit: number): Promise<Hash[]> {
    const values = await this.#db.values({ gte: `m:${heightKey(from)}`, lt: `m:${heightKey(from + limit)}` }).all()
    return values.map(toHex)
  }

  /** Hashes of all blocks held above a height, forks included, lowest first. */
  async *blocksAbove(height: number): AsyncGenerator<{ hash: Hash; height: number }> {
    for await (const key of this.#db.keys({ gte: `x:${heightKey(height + 1)}`, lt: 'x:~' })) {
      const [, hex = '', hash = ''] = key.split(':')
      yield { hash, height: Number.parseInt(hex, 16) }
    }
  }

  /** Keeps proof of an equivocation under a name of its own; beyond MAX_EVIDENCE nothing is added. */
  async putEvidence(name: string, value: Uint8Array): Promise<void> {
    if ((await this.evidence()).length < MAX_EVIDENCE) await this.#write([{ type: 'put', key: `e:${name}`, value }])
  }

  /** Everything kept by putEvidence, in the order of the names. */
  async evidence(): Promise<Uint8Array[]> {
    return (await this.#db.values({ gte: 'e:', lt: 'e:~', limit: MAX_EVIDENCE }).all()).map(value => view(value)!)
  }

  /** Bytes on disk by what they are; what was written last is in none of them yet. */
  async sizes(): Promise<Record<'headers' | 'bodies' | 'index' | 'state' | 'evidence', number>> {
    const of = async (...prefixes: string[]) => {
      const sizes = await Promise.all(prefixes.map(prefix => this.#db.approximateSize(`${prefix}:`, `${prefix}:~`)))
      return sizes.reduce((sum, size) => sum + size, 0)
    }
    const [headers, bodies, index, state, evidence] = await Promise.all([
      of('b'),
      of('t'),
      of('x', 'm', 'i'),
      of('s'),
      of('e'),
    ])
    return { headers, bodies, index, state, evidence }
  }

  async slot(name: Slot): Promise<Uint8Array | undefined> {
    return view(await this.#db.get(`s:${name}`))
  }

  async setSlot(name: Slot, value: Uint8Array): Promise<void> {
    await this.#write([{ type: 'put', key: `s:${name}`, value }])
  }

  /** Several values at once or none. */
  async setSlots(values: Partial<Record<Slot, Uint8Array>>): Promise<void> {
    await this.#write(
      Object.entries(values).map(([name, value]) => ({ type: 'put', key: `s:${name}`, value: value as Uint8Array })),
    )
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.#pending?.written.catch(() => undefined)
    await this.#turn
    await this.#db.close()
  }

  /** Writes of one moment become one batch: LevelDB's cost is by the call more than by the byte. Order is kept. */
  #write(operations: Operation[]): Promise<void> {
    this.#pending ??= { operations: [], written: this.#turn.then(() => this.#flush()) }
    this.#pending.operations.push(...operations)
    return this.#pending.written
  }

  async #flush(): Promise<void> {
    const { operations, written } = this.#pending!
    this.#pending = undefined
    this.#turn = written.catch(() => undefined)
    try {
      await this.#db.batch(operations)
    } catch (error) {
      const message = messageOf(error)
      if (/no space|ENOSPC|disk full|quota/i.test(message))
        throw new StoreError('full', 'the disk of the data directory is full: free space and restart the node', {
          cause: error,
        })
      throw error
    }
  }
}

/** Plain bytes: a Buffer's slice would share memory where decoders expect a copy. */
function view(value: Uint8Array | undefined): Uint8Array | undefined {
  return value && new Uint8Array(value.buffer, value.byteOffset, value.length)
}

type Operation = { type: 'put'; key: string; value: Uint8Array } | { type: 'del'; key: string }

function messageOf(error: unknown): string {
  const parts: string[] = []
  for (let e = error; e instanceof Error; e = e.cause) parts.push(e.message)
  return parts.join(': ')
}

function openError(directory: string, error: unknown): StoreError {
  const message = messageOf(error)
  if (/lock/i.test(message))
    return new StoreError(
      'in-use',
      `data directory ${directory} is in use by another process: stop that node or give this one its own directory`,
      { cause: error },
    )
  if (/no space|ENOSPC/i.test(message))
    return new StoreError('full', `no space left for data directory ${directory}: free space and start again`, {
      cause: error,
    })
  return new StoreError('unreadable', `data directory ${directory} cannot be opened: ${message}`, { cause: error })
}
