// Applies a block's transactions to a state. All or nothing: the state given is never changed, and an invalid
// transaction yields its code instead of a state.
import { type Account, getAccount, pathOf, type State, setAccount } from './accounts.ts'
import { toHex } from './hex.ts'
import type { InvalidCode, SignedTransaction } from './types.ts'

type Entry = { readonly address: Uint8Array; readonly path: Uint8Array; account: Account; changed: boolean }

export type Execution =
  | { readonly kind: 'executed'; readonly state: State }
  | { readonly kind: 'invalid'; readonly code: InvalidCode; readonly message: string }

/** Accounts touched since a state, written into the tree once: a node between many changes is hashed once. */
export class Overlay {
  readonly #base: State
  readonly #entries = new Map<string, Entry>()

  constructor(base: State) {
    this.#base = base
  }

  #entry(address: Uint8Array): Entry {
    const key = toHex(address)
    let entry = this.#entries.get(key)
    if (!entry) {
      const path = pathOf(address)
      entry = { address, path, account: getAccount(this.#base, address, path), changed: false }
      this.#entries.set(key, entry)
    }
    return entry
  }

  /** Applies one transaction, fee to the producer; undefined when it was applied, otherwise why not and nothing changed. */
  apply({ message }: SignedTransaction, producer: Uint8Array): InvalidCode | undefined {
    const sender = this.#entry(message.sender)
    if (message.nonce !== sender.account.nonce) return 'bad-nonce'
    const cost = message.amount + message.fee
    if (!Number.isSafeInteger(cost) || cost > sender.account.balance) return 'insufficient-balance'
    sender.account = { balance: sender.account.balance - cost, nonce: sender.account.nonce + 1 }
    sender.changed = true
    this.#credit(message.recipient, message.amount)
    this.#credit(producer, message.fee)
    return undefined
  }

  // Balances cannot overflow: the sum of all is fixed by genesis, at most 2^53-1.
  #credit(address: Uint8Array, amount: number): void {
    if (amount === 0) return
    const entry = this.#entry(address)
    entry.account = { balance: entry.account.balance + amount, nonce: entry.account.nonce }
    entry.changed = true
  }

  state(): State {
    let state = this.#base
    for (const { address, path, account, changed } of this.#entries.values()) {
      if (changed) state = setAccount(state, address, account, path)
    }
    return state
  }
}

/** The state after the transactions, in order. */
export function execute(state: State, transactions: readonly SignedTransaction[], producer: Uint8Array): Execution {
  const overlay = new Overlay(state)
  for (const [index, transaction] of transactions.entries()) {
    const code = overlay.apply(transaction, producer)
    if (code) {
      const { sender, nonce } = transaction.message
      return {
        kind: 'invalid',
        code,
        message: `transaction ${index} (sender ${toHex(sender)}, nonce ${nonce}): ${code}`,
      }
    }
  }
  return { kind: 'executed', state: overlay.state() }
}
