// Where what is built or fetched is kept, outside the repository: every checkout on a machine finds it.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx'

export const cacheFolder = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trellis')

/** As in `go1.26.8`; null where there is no Go. */
export async function goVersion(): Promise<string | null> {
  const { exitCode, stdout } = await $({ nothrow: true, quiet: true })`go env GOVERSION`
  return exitCode === 0 ? stdout.trim() : null
}
