// Where the state of local testnets lies: one folder each, and the files in it.
//   <root>/<testnet>/testnet.json       the record (record.ts), 0600: it holds the seed of the keys
//   <root>/<testnet>/control.json       address and token of the supervisor's control endpoint, 0600
//   <root>/<testnet>/experiment.json    which process runs an experiment on it, while one does
//   <root>/<testnet>/progress.json      how that experiment goes, or how the last one ended
//   <root>/<testnet>/prometheus-targets.json  where its metrics are, for Prometheus (targets-file.ts)
//   <root>/<testnet>/supervisor.log     output of a detached supervisor
//   <root>/<testnet>/nodes/<node>/      config.json, data/, node.log
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fromSystemError, LocalError } from './errors.ts'

/** More folders than this are not looked at. */
export const MAX_TESTNETS = 1_024
/** A state file beyond this size is refused. */
export const MAX_STATE_FILE_BYTES = 64 * 1024 * 1024

/** The state root: TRELLIS_HOME, else XDG_STATE_HOME/trellis, else ~/.local/state/trellis. */
export function stateRoot(env: NodeJS.ProcessEnv): string {
  if (env.TRELLIS_HOME) return resolve(env.TRELLIS_HOME)
  if (env.XDG_STATE_HOME) return join(resolve(env.XDG_STATE_HOME), 'trellis')
  return join(homedir(), '.local', 'state', 'trellis')
}

export const testnetFolder = (root: string, testnet: string): string => join(root, testnet)
export const recordFile = (folder: string): string => join(folder, 'testnet.json')
export const controlFile = (folder: string): string => join(folder, 'control.json')
export const experimentFile = (folder: string): string => join(folder, 'experiment.json')
export const progressFile = (folder: string): string => join(folder, 'progress.json')
export const targetsFile = (folder: string): string => join(folder, 'prometheus-targets.json')
export const supervisorLog = (folder: string): string => join(folder, 'supervisor.log')
export const nodeFolder = (folder: string, node: string): string => join(folder, 'nodes', node)
export const nodeConfigFile = (folder: string, node: string): string => join(nodeFolder(folder, node), 'config.json')
export const nodeDataFolder = (folder: string, node: string): string => join(nodeFolder(folder, node), 'data')
export const nodeLogFile = (folder: string, node: string): string => join(nodeFolder(folder, node), 'node.log')

/** Creates the folder; false when it was there. Creating it is the claim of the name, so it is atomic. Throws LocalError. */
export function claimFolder(root: string, testnet: string): boolean {
  const folder = testnetFolder(root, testnet)
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 })
    mkdirSync(folder, { mode: 0o700 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return false
      throw new LocalError('unreadable-state', `${folder} is there but is not a folder`, 'move it away')
    }
    throw fromSystemError(error, folder)
  }
}

/** Names of all folders under the root, sorted. A root that does not exist has none. */
export function listFolders(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(entry => entry.name)
      .sort()
      .slice(0, MAX_TESTNETS)
  } catch {
    return []
  }
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 })
}

/** Writes so that a reader sees the old or the new text, never a part; mode 0600. Throws LocalError. */
export function writeFileWhole(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    writeFileSync(temporary, text, { mode: 0o600 })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw fromSystemError(error, path)
  }
}

/** The parsed JSON of a state file, undefined when there is none. Throws LocalError when it cannot be read. */
export function readJson(path: string): unknown {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  const mend = 'remove the folder around it if nothing of that testnet is needed'
  if (stat.size > MAX_STATE_FILE_BYTES) throw new LocalError('unreadable-state', `${path} is too large`, mend)
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new LocalError('unreadable-state', `${path} cannot be read: ${(error as Error).message}`, mend)
  }
}
