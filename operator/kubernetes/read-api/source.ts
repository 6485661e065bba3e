// What the read API reads: the operator's process offers this over its informer stores and its node poller.
import type { HeadView, NodeView, TestnetView } from '../../../api/read-api.ts'

export interface TestnetName {
  readonly namespace: string
  readonly name: string
}

export interface ReadSource {
  /** What keeps this process from answering: it has no list yet, another one leads. Undefined when nothing does. */
  unready(): string | undefined
  /** Every Testnet that this operator serves. */
  testnets(): readonly TestnetView[]
  /** Undefined when there is none of that name. */
  testnet(of: TestnetName): TestnetView | undefined
  /** All nodes that the Testnet asks for, in the order of its groups; undefined when there is no such Testnet. */
  nodes(of: TestnetName): readonly NodeView[] | undefined
  heads(of: TestnetName): readonly HeadView[] | undefined
  /**
   * Calls `onChange` whenever one of the above may say something else about that Testnet: it was changed or deleted, one
   * of its pods was, a poll round ended. May call often; must not call before it returns. Returns what ends it.
   */
  subscribe(of: TestnetName, onChange: () => void): () => void
}
