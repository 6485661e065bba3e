// Which errors say that the configuration or the machine is at fault, and not the node: they end it with code 3 and one
// sentence for people instead of a stack.
import { GenesisError } from './chain/index.ts'
import { ConfigError } from './config.ts'
import { AdminRefused } from './http/admin.ts'
import { StoreError } from './store/store.ts'

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the address is in use by another process; stop that one or configure another port',
  EADDRNOTAVAIL: 'it is no address of this machine; configure another listen.host',
  EACCES: 'this process may not use it; configure a port above 1023',
}
/** As Node writes it, alone or in libp2p's list of the addresses it could not listen on. */
const listenFailure = /listen (EADDRINUSE|EADDRNOTAVAIL|EACCES): .*?(\S+:\d+)/

/** What to tell people; undefined for a defect. */
export function startProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (error instanceof ConfigError || error instanceof StoreError) return error.message
  if (error instanceof GenesisError) return `genesis: ${error.message}; mend the testnet's chain section`
  if (error instanceof AdminRefused) return error.message
  const [, code = '', address] = listenFailure.exec(error.message) ?? []
  return reasons[code] && `cannot listen on ${address}: ${reasons[code]}`
}
