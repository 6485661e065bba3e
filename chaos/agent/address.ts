// Addresses that rules may name, in the one spelling the kernel's sets know them by.
import { BlockList, isIP, SocketAddress } from 'node:net'

export interface Address {
  readonly family: 4 | 6
  readonly text: string
}

/** Rules never name these: loopback carries probes and administration, and nobody's node is a group of hosts. */
const unnamed = new BlockList()
unnamed.addSubnet('0.0.0.0', 8, 'ipv4')
unnamed.addSubnet('127.0.0.0', 8, 'ipv4')
unnamed.addSubnet('224.0.0.0', 3, 'ipv4')
unnamed.addAddress('::', 'ipv6')
unnamed.addAddress('::1', 'ipv6')
unnamed.addSubnet('ff00::', 8, 'ipv6')

/** The address in canonical spelling; an IPv4 address mapped into IPv6 as IPv4. Undefined when it is none that a rule may name. */
export function parseAddress(text: string): Address | undefined {
  const version = isIP(text)
  if (version === 0 || text.includes('%')) return undefined
  const address = version === 4 ? text : canonical(text)
  if (address.startsWith('::ffff:') && isIP(address.slice(7)) === 4) return parseAddress(address.slice(7))
  if (unnamed.check(address, version === 6 ? 'ipv6' : 'ipv4')) return undefined
  return { family: version === 4 ? 4 : 6, text: address }
}

const canonical = (text: string): string => new SocketAddress({ address: text, family: 'ipv6' }).address
