// Whether this machine can run the kernel's tests, and why not.
import { existsSync } from 'node:fs'

const programs = { nft: 'nftables', ip: 'iproute2', tc: 'iproute2' }
const folders = ['/usr/sbin', '/sbin', '/usr/bin', '/bin']

/** Debian packages of the tools that are not here. */
export const missingPackages = (): string[] => [
  ...new Set(
    Object.entries(programs).flatMap(([program, name]) =>
      folders.some(folder => existsSync(`${folder}/${program}`)) ? [] : [name],
    ),
  ),
]

/** Why tests with network namespaces cannot run here; undefined when they can. */
export function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const missing = missingPackages()
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined
}
