// Reads the one configuration file of a node process.
import { readFile } from 'node:fs/promises'
import { type NodeConfig, nodeConfigSchema } from '../api/node-config.ts'

/** A node configuration is at most this long; 4,096 validators and 65,536 accounts fit. */
const maxConfigBytes = 16 * 1024 * 1024

/** The configuration cannot be used; the message names the file, the field and the mend. */
export class ConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConfigError'
  }
}

export async function readConfig(file: string): Promise<NodeConfig> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new ConfigError(`cannot read ${file}: ${(error as Error).message}`, { cause: error })
  }
  if (text.length > maxConfigBytes) throw new ConfigError(`${file} is longer than ${maxConfigBytes} bytes`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ConfigError(`${file} is not JSON: ${(error as Error).message}`, { cause: error })
  }
  return parseConfig(value, file)
}

export function parseConfig(value: unknown, file: string): NodeConfig {
  const result = nodeConfigSchema.safeParse(value)
  if (!result.success) {
    const problems = result.error.issues.slice(0, 8).map(issue => `${issue.path.join('.') || 'file'}: ${issue.message}`)
    throw new ConfigError(`${file}: ${problems.join('; ')}`)
  }
  return result.data
}
