// What a cluster node needs of the machine besides the binaries that are built.
import { existsSync } from 'node:fs'
import { canInstall, install } from '../../tools/debian-packages.ts'

/** Program -> the Debian package that brings it. */
const clusterPrograms: Readonly<Record<string, string>> = {
  '/usr/bin/containerd': 'containerd',
  '/usr/sbin/runc': 'runc',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
  '/usr/sbin/iptables': 'iptables',
  '/usr/sbin/nft': 'nftables',
  '/usr/sbin/conntrack': 'conntrack',
  '/usr/sbin/ip': 'iproute2',
  '/usr/bin/nsenter': 'util-linux',
  '/usr/bin/openssl': 'openssl',
}
const merged = (path: string): boolean =>
  existsSync(path) || existsSync(path.replace('/usr/sbin/', '/usr/bin/')) || existsSync(path.replace('/usr', ''))

export const missingPackages = (programs = clusterPrograms): string[] =>
  Object.entries(programs).flatMap(([program, name]) => (merged(program) ? [] : [name]))

/** Installs what is missing of the programs, by default those of a cluster. Throws, naming the packages, when that is not possible here. */
export async function installPackages(tell: (line: string) => void, programs = clusterPrograms): Promise<void> {
  const missing = missingPackages(programs)
  if (missing.length === 0) return
  const line = `apt-get install ${missing.join(' ')}`
  if (!canInstall()) throw new Error(`missing on this machine: ${missing.join(', ')}; on Debian, as root: ${line}`)
  tell(line)
  await install(missing)
}
