// Debian's Prometheus, server and promtool, unpacked into the cache: nothing is installed, no service starts.
import { join } from 'node:path'
import { cachedPackages } from '../../tools/debian-packages.ts'

export interface PrometheusPrograms {
  readonly prometheus: string
  readonly promtool: string
}

/** The programs; `missing` says why there are none, which is printed too. */
export async function prometheusPrograms(): Promise<PrometheusPrograms | { readonly missing: string }> {
  const found = await cachedPackages(['prometheus'], line => console.error(line))
  if ('missing' in found) {
    console.error(`tests with Prometheus are skipped: ${found.missing}`)
    return found
  }
  const program = (name: string): string => join(found.folder, 'usr/bin', name)
  return { prometheus: program('prometheus'), promtool: program('promtool') }
}
