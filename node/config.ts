// Reads the configuration of a node process: one file, or several layers of which later ones win.
import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { type ConfigLayer, mergeLayers } from '../api/config-layers.ts'
import { type NodeConfig, nodeConfigSchema, type Roster, rosterSchema } from '../api/node-config.ts'

/** A node's configuration is at most this long, all files together; 4,096 validators and 65,536 accounts fit. */
const maxConfigBytes = 16 * 1024 * 1024
/** Files of one node; a driver writes at most one for each layer. */
const maxConfigFiles = 16
/** Problems told at a time. */
const maxProblems = 8

/** The configuration cannot be used; the message names the file, the field and the mend. */
export class ConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConfigError'
  }
}

/** A file and what it says. */
export interface ConfigFile {
  readonly file: string
  readonly layer: ConfigLayer
}

/** The configuration that the files say together. @throws ConfigError */
export const readConfig = async (files: readonly string[]): Promise<NodeConfig> => parseConfig(await readLayers(files))

/** @throws ConfigError for files that cannot be read or hold no JSON object */
export async function readLayers(files: readonly string[]): Promise<ConfigFile[]> {
  if (files.length > maxConfigFiles)
    throw new ConfigError(`${files.length} configuration files are more than ${maxConfigFiles}: join some`)
  const layers: ConfigFile[] = []
  let bytes = 0
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch(error => {
      throw new ConfigError(`cannot read ${file}: ${(error as Error).message}`, { cause: error })
    })
    bytes += text.length
    if (bytes > maxConfigBytes)
      throw new ConfigError(`${file} makes the configuration longer than ${maxConfigBytes} bytes`)
    layers.push({ file, layer: parseLayer(text, file) })
  }
  return layers
}

function parseLayer(text: string, file: string): ConfigLayer {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ConfigError(`${file} is not JSON: ${(error as Error).message}`, { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError(`${file} holds no JSON object: write \`{ ... }\` with fields of a node's configuration`)
  return value as ConfigLayer
}

/** Later layers win. @throws ConfigError which names the file that each bad field is from, or that it is in none. */
export const parseConfig = (layers: readonly ConfigFile[]): NodeConfig => parse(nodeConfigSchema, layers)

/** What is read again while the node runs; the rest is not looked at. @throws ConfigError as `parseConfig` does */
export const rosterOf = (layers: readonly ConfigFile[]): Roster => parse(rosterSchema, layers)

function parse<T>(schema: z.ZodType<T>, layers: readonly ConfigFile[]): T {
  const result = schema.safeParse(mergeLayers(...layers.map(({ layer }) => layer)))
  if (result.success) return result.data
  const problems = result.error.issues.flatMap(issue => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map(key => [...issue.path, key]) : [issue.path]
    return paths.map(path => `${sourceOf(path, layers)}: ${path.join('.') || 'all of it'}: ${issue.message}`)
  })
  const more = problems.length - maxProblems
  throw new ConfigError(problems.slice(0, maxProblems).join('; ') + (more > 0 ? `; and ${more} more problems` : ''))
}

/** The last file that says anything of the field; all of them when it is in none. */
function sourceOf(path: readonly PropertyKey[], layers: readonly ConfigFile[]): string {
  const [only] = layers
  if (only && layers.length === 1) return only.file
  const found = layers.findLast(({ layer }) => {
    let at: unknown = layer
    for (const part of path) {
      if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return false
      at = (at as Record<PropertyKey, unknown>)[part]
    }
    return true
  })
  return found?.file ?? `none of ${layers.map(({ file }) => file).join(', ')} has it`
}
