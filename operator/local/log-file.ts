// Log files of node processes. The node itself writes to the file (append mode): a supervisor that died or lags never
// blocks a node. The file is bounded by copying it away once and truncating it, which append mode survives.
import { closeSync, copyFileSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs'

/** The live file is cut beyond this size; one older copy (.1) is kept, so a node's logs take about twice this. */
export const MAX_LOG_BYTES = 16 * 1024 * 1024
const TAIL_BYTES = 64 * 1024

/** Cuts the file when it is too large; lines written between copy and cut may be lost. True when it was cut. */
export function boundLog(path: string, maxBytes: number = MAX_LOG_BYTES): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined || stat.size <= maxBytes) return false
  try {
    copyFileSync(path, `${path}.1`)
  } catch {
    // A full disk must not stop the cut, which frees space.
  }
  truncateSync(path, 0)
  return true
}

/** The last complete lines of a log, oldest first; empty when there is none. */
export function tailLog(path: string, lines: number): string[] {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return []
  }
  try {
    const size = fstatSync(fd).size
    const length = Math.min(size, Math.max(TAIL_BYTES, lines * 512))
    const buffer = Buffer.alloc(length)
    const read = readSync(fd, buffer, 0, length, size - length)
    const text = buffer.subarray(0, read).toString('utf8')
    const all = text.split('\n').filter(line => line !== '')
    // The first line may be the rest of one that began earlier.
    if (length < size) all.shift()
    return all.slice(-lines)
  } finally {
    closeSync(fd)
  }
}

/** What a node said last, for people: the message of its last error line, else its last line. At most 300 characters. */
export function lastWords(path: string): string | undefined {
  const lines = tailLog(path, 50)
  const error = lines.findLast(line => /"level":"(error|fatal)"/.test(line))
  const line = error ?? lines.at(-1)
  return line === undefined ? undefined : messageOf(line).slice(0, 300)
}

function messageOf(line: string): string {
  try {
    const value = JSON.parse(line) as Record<string, unknown>
    const text = value.message ?? value.msg ?? value.event
    const detail = typeof value.error === 'string' ? `: ${value.error}` : ''
    if (typeof text === 'string') return text + detail
  } catch {
    // Not JSON: a stack trace or the runtime's own words.
  }
  return line
}
