// Structured logs: one JSON line an event. Fields that look like secrets are never written, whatever is handed in.

export type Level = 'error' | 'warn' | 'info' | 'debug'
export type LogFields = Readonly<Record<string, unknown>>

/** Longest line, in characters without the line break; longer ones lose their fields and say so. */
export const MAX_LINE = 8_192
/** Longest string of one field; the rest is cut off. */
export const MAX_STRING = 2_048
/** Elements of an array or fields of an object that are written, and how deep they nest. */
export const MAX_ELEMENTS = 32
export const MAX_DEPTH = 3

const order: Record<Level, number> = { error: 0, warn: 1, info: 2, debug: 3 }
const secretName = /(token|secret|password|authorization|privatekey|seed|^keys?$)/i

export interface LogParts {
  /** Takes one line with its line break. */
  readonly write: (line: string) => void
  readonly level?: Level
  readonly fields?: LogFields
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

export class Log {
  readonly #parts: LogParts
  readonly #level: number

  constructor(parts: LogParts) {
    this.#parts = parts
    this.#level = order[parts.level ?? 'info']
  }

  /** A log that adds `fields` to every line. */
  child(fields: LogFields, level: Level | undefined = this.#parts.level): Log {
    const all = { ...this.#parts.fields, ...fields }
    return new Log({ ...this.#parts, ...(level && { level }), fields: all })
  }

  enabled(level: Level): boolean {
    return order[level] <= this.#level
  }

  error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields)
  }

  warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields)
  }

  info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields)
  }

  debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields)
  }

  #log(level: Level, message: string, fields: LogFields | undefined): void {
    if (!this.enabled(level)) return
    const now = this.#parts.now ?? Date.now
    const head = { time: new Date(now()).toISOString(), level, msg: cut(message) }
    let line = JSON.stringify({ ...head, ...plainFields({ ...this.#parts.fields, ...fields }, 0) })
    if (line.length > MAX_LINE) {
      line = JSON.stringify({ ...head, ...plainFields(this.#parts.fields ?? {}, 0), cutLength: line.length })
    }
    if (line.length > MAX_LINE) line = JSON.stringify({ ...head, cutLength: line.length })
    this.#parts.write(`${line}\n`)
  }
}

function plainFields(fields: LogFields, depth: number): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  let count = 0
  for (const name in fields) {
    if (count++ === MAX_ELEMENTS) {
      plain.more = true
      break
    }
    // `time`, `level` and `msg` are the line's own.
    const key = depth === 0 && (name === 'time' || name === 'level' || name === 'msg') ? `${name}_` : cut(name, 64)
    plain[key] = secretName.test(name) ? '[hidden]' : plainValue(fields[name], depth)
  }
  return plain
}

function plainValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cut(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Error) return cut(`${value.name}: ${value.message}`)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Uint8Array) return cut(Buffer.from(value.subarray(0, MAX_STRING / 2)).toString('hex'))
  if (depth >= MAX_DEPTH) return '…'
  if (Array.isArray(value)) {
    const shown = value.slice(0, MAX_ELEMENTS).map(element => plainValue(element, depth + 1))
    return value.length > MAX_ELEMENTS ? [...shown, `… ${value.length - MAX_ELEMENTS} more`] : shown
  }
  return plainFields(value as LogFields, depth + 1)
}

function cut(text: string, max: number = MAX_STRING): string {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text
}
