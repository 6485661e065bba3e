// Hosts and network groups: what caps and diversity are counted by.

/** A machine with no other loopback address runs every node of a testnet here: per-host caps would refuse them all. */
const sharedHosts: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])
export const isShared = (host: string): boolean => sharedHosts.has(host)

/** The host part of an address such as `/ip4/10.0.0.1/tcp/4001` or `ws://10.0.0.1:80`; empty when there is none. */
export function hostOf(address: string): string {
  if (address.startsWith('/')) return address.split('/')[2] ?? ''
  return /^[a-z]+:\/\/(\[[^\]]*\]|[^:/]*)/.exec(address)?.[1] ?? ''
}

/**
 * Addresses likely to be in one hand: /16 of IPv4 and /32 of IPv6, as in Bitcoin's address manager; a name stands for itself.
 * Loopback addresses count singly: there they stand for machines.
 */
export function networkGroup(host: string): string {
  if (host.startsWith('127.')) return host
  const v4 = /^(\d+\.\d+)\.\d+\.\d+$/.exec(host)
  if (v4 !== null) return v4[1]!
  if (host.includes(':')) return host.split(':').slice(0, 2).join(':')
  return host
}
