// The testnets that have a folder on this machine, and how to find the one that is meant.
import { distance } from 'fastest-levenshtein'
import { LocalError } from './errors.ts'
import { isAlive } from './process-identity.ts'
import { readRecord, type TestnetRecord } from './record.ts'
import { listFolders, testnetFolder } from './state-folder.ts'

/** running: a live supervisor. stopped: data kept on purpose. dead: the supervisor died, nodes may still run. */
export type Standing = 'running' | 'stopped' | 'dead'

export interface LocalTestnet {
  readonly name: string
  readonly folder: string
  /** Absent while the folder is being made, or when that was cut short. */
  readonly record: TestnetRecord | undefined
  readonly standing: Standing
}

/** The testnet of this name, undefined when it has no folder. Throws LocalError when its record cannot be read. */
export function findTestnet(root: string, name: string): LocalTestnet | undefined {
  if (!listFolders(root).includes(name)) return undefined
  const folder = testnetFolder(root, name)
  const record = readRecord(folder)
  return { name, folder, record, standing: standingOf(record) }
}

/** All that can be read; folders with unreadable records are left out. */
export function listTestnets(root: string): LocalTestnet[] {
  return listFolders(root).flatMap(name => {
    try {
      return findTestnet(root, name) ?? []
    } catch {
      return []
    }
  })
}

/** The named testnet, or the only one that runs when no name is given. Throws LocalError `not-found` or `ambiguous`. */
export function chooseTestnet(root: string, name: string | undefined): LocalTestnet {
  if (name !== undefined) {
    const found = findTestnet(root, name)
    if (found) return found
    const names = listFolders(root)
    const nearest = nearestOf(name, names)
    const have = names.length === 0 ? 'none runs' : `there is ${names.slice(0, 8).join(', ')}`
    throw new LocalError(
      'not-found',
      `there is no testnet ${name} on this machine (${have})`,
      nearest ? `did you mean ${nearest}?` : 'start one with `trellis up FILE`',
    )
  }
  const all = listTestnets(root)
  const running = all.filter(testnet => testnet.standing === 'running')
  const candidates = running.length > 0 ? running : all
  const [only, ...others] = candidates
  if (only === undefined)
    throw new LocalError('not-found', 'no testnet runs on this machine', 'start one with `trellis up FILE`')
  if (others.length === 0) return only
  throw new LocalError(
    'ambiguous',
    `there are ${candidates.length} testnets: ${candidates.map(testnet => testnet.name).join(', ')}`,
    'give the name of one',
  )
}

/** The candidate a typing error away, undefined when none is near. */
export function nearestOf(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3))
  const ranked = candidates.map(name => ({ name, far: distance(word, name) })).sort((a, b) => a.far - b.far)
  const [best] = ranked
  return best !== undefined && best.far <= limit ? best.name : undefined
}

function standingOf(record: TestnetRecord | undefined): Standing {
  if (record !== undefined && isAlive(record.supervisor)) return 'running'
  return record?.phase === 'stopped' ? 'stopped' : 'dead'
}
