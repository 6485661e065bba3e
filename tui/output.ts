// -o: the same rows as a table for people, as their names for a shell, or as JSON or YAML for programs.
import { InvalidArgumentError, Option } from 'commander'
import { stringify } from 'yaml'
import { nearestOf } from '../operator/local/testnets.ts'

export type Format = 'table' | 'wide' | 'json' | 'yaml' | 'name'

/** Of what lists rows. */
export const rowFormats: readonly Format[] = ['table', 'wide', 'json', 'yaml', 'name']

/** An option with a fixed set of values: errors, the shells' completion and the reference tell them. */
export class ChoiceOption extends Option {
  readonly values: readonly string[]
  constructor(flags: string, description: string, values: readonly string[]) {
    super(flags, description)
    this.values = values
  }
}

/** `-o` with the given formats; a wrong one is answered with the nearest. */
export function outputOption(formats: readonly Format[]): Option {
  const listed = formats.filter(format => format !== 'table')
  return new ChoiceOption('-o, --output <format>', listed.join(', '), listed).argParser((text: string): Format => {
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

/** What a command tells at one moment. */
export interface Listing<T> {
  readonly rows: readonly T[]
  readonly name: (row: T) => string
  /** A header, then one line a row. */
  readonly table: (wide: boolean) => string
  /** Lines for people below the table. */
  readonly below?: readonly string[]
  /** Sentences for people, on stderr: what is odd, and the mend. */
  readonly notes: readonly string[]
}

/** A line of output, and what it says apart from what changes with every look (ages, and how wide columns are). */
export interface Line {
  readonly text: string
  readonly says: string
}

/** What goes to stdout; `again`: it is one of several, so that each must be told from the next. */
export function linesOf<T>(listing: Listing<T>, format: Format, again: boolean): Line[] {
  const { rows, name, table, below = [] } = listing
  if (format === 'json' || format === 'yaml') {
    const text = !again ? encode(rows, format) : format === 'json' ? JSON.stringify(rows) : `---\n${stringify(rows)}`
    return [{ text: text.trimEnd(), says: withoutAges(rows) }]
  }
  if (format === 'name') return rows.map(row => ({ text: name(row), says: name(row) }))
  if (rows.length === 0) return []
  const [header = '', ...lines] = table(format === 'wide').split('\n')
  return [
    { text: header, says: 'header' },
    ...lines.map((text, at) => ({ text, says: withoutAges(rows[at]) })),
    ...below.map(text => ({ text, says: text })),
  ]
}

const withoutAges = (value: unknown): string =>
  JSON.stringify(value, (field, inner) => (field === 'ageMs' ? undefined : inner))
