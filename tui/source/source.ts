// Where testnets are looked for: this machine, or a namespace of a cluster. Commands show what a source tells, and look
// the same for both.
import type { NodeRow } from '../model/node-rows.ts'
import type { TestnetReport } from '../model/testnet-summary.ts'

/** What a command prints on stdout, and what it adds on stderr. */
export interface Told<T> {
  readonly value: T
  /** Sentences for people: what is odd, and the mend. */
  readonly notes: readonly string[]
}

export interface LogRequest {
  /** As typed: [TESTNET] [NODE]; with one testnet its name may be left out. */
  readonly names: readonly string[]
  readonly tail: number
  readonly follow: boolean
}

/** `label` is the node's name when lines of several are mixed. */
export type OnLine = (label: string | undefined, line: string) => void

export interface DownRequest {
  readonly name: string | undefined
  readonly keepData: boolean
  readonly timeoutMs: number | undefined
}

/** All throw errors that `explainError` knows. */
export interface TestnetSource {
  /** The one of that name, or all. With one testnet its conditions are told too. */
  reports(name: string | undefined): Promise<Told<TestnetReport[]>>
  /** Of the named testnet, or of the only one. */
  nodes(name: string | undefined): Promise<Told<NodeRow[]>>
  /** Resolves when the last line was given, or with the signal; with notes about nodes that have no log. */
  logs(request: LogRequest, onLine: OnLine, signal: AbortSignal): Promise<readonly string[]>
  /** Resolves with the sentence that says what was ended. */
  down(request: DownRequest, onProgress: (text: string) => void, signal: AbortSignal): Promise<string>
  close(): void
}
