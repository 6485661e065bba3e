// -o: the same rows as a table for people, or as JSON or YAML for programs.
import { InvalidArgumentError, Option } from 'commander'
import { stringify } from 'yaml'
import { nearestOf } from '../operator/local/testnets.ts'

export type Format = 'table' | 'wide' | 'json' | 'yaml'

/** `-o` with the given formats; a wrong one is answered with the nearest. */
export function outputOption(formats: readonly Format[]): Option {
  const listed = formats.filter(format => format !== 'table')
  return new Option('-o, --output <format>', listed.join(', ')).argParser((text: string): Format => {
    const found = formats.find(format => format === text)
    if (found) return found
    const nearest = nearestOf(text, listed)
    throw new InvalidArgumentError(nearest ? `Did you mean ${nearest}?` : `Choose one of ${listed.join(', ')}.`)
  })
}

/** Text of a value in a format for programs. */
export function encode(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? JSON.stringify(value, null, 2) : stringify(value)
}
