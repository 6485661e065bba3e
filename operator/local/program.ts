// What a node process runs: the bundle beside a bundled command, the source beside a command run from source. So what is
// started is always of the same build as what starts it.
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { LocalError } from './errors.ts'

/**
 * Flags of Node for a node process. Young objects get 3 x 2 MiB instead of 3 x 16: 9 MiB less resident, and importing
 * blocks costs no more processor time (docs/benchmarks.md).
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=2']

/** The environment of a node process. Two heaps of malloc's instead of one for each thread: 5 MiB less resident. */
export const nodeEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ MALLOC_ARENA_MAX: '2', ...env })

/** Program and first arguments of a node process. TRELLIS_NODE_PROGRAM names another script, for nodes under test. */
export function nodeProgram(env: NodeJS.ProcessEnv, here: string = import.meta.dirname): string[] {
  if (env.TRELLIS_NODE_PROGRAM) return [process.execPath, ...nodeFlags, resolve(env.TRELLIS_NODE_PROGRAM)]
  const script = basename(here) === 'dist' ? join(here, 'node.js') : join(packageFolder(here), 'node', 'main.ts')
  if (!existsSync(script)) throw new LocalError('node-failed', `${script} is missing`, 'run `npm run build`')
  return [process.execPath, ...nodeFlags, script]
}

/** The folder of Trellis itself: the nearest one above with a package.json. */
export function packageFolder(here: string = import.meta.dirname): string {
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
  }
  return here
}
