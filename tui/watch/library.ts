// Experiments that can be started from the dashboard: those that come with trellis, and any file.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../../operator/local/program.ts'
import { readExperimentFile } from '../documents.ts'
import { readInput } from '../input-file.ts'
import type { LibraryEntry } from './model/picture.ts'

const FOLDER = 'examples/chaos'
const MAX_FILES = 200

/** By name. Files that cannot be read are left out. */
export function library(): LibraryEntry[] {
  const folder = join(packageFolder(), FOLDER)
  let files: string[]
  try {
    files = readdirSync(folder).filter(file => file.endsWith('.yaml'))
  } catch {
    return []
  }
  return files
    .sort()
    .slice(0, MAX_FILES)
    .flatMap(file => entryOf(join(folder, file)) ?? [])
}

function entryOf(file: string): LibraryEntry | undefined {
  try {
    const { metadata, spec } = readExperimentFile(file).parsed.value
    const faults = spec.faults.map(fault => `${fault.name} ${fault.duration}`).join(', ')
    return { name: metadata.name, file, faults, says: /^# ?(.*)/.exec(readInput(file))?.[1] ?? '' }
  } catch {
    return undefined
  }
}
