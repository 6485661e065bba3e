// Follows log files that grow and are cut now and then (log-file.ts).
import { closeSync, openSync, readSync, statSync } from 'node:fs'

const POLL_MS = 200
/** Read at once from one file; more waits for the next round. */
const CHUNK_BYTES = 256 * 1024
/** A line longer than this is given in pieces. */
const MAX_LINE_CHARS = 64 * 1024

/** Calls `onLine` for every line that is written from now on, until the signal fires. */
export async function followLogs(
  files: readonly { readonly label: string; readonly path: string }[],
  signal: AbortSignal,
  onLine: (label: string, line: string) => void,
): Promise<void> {
  const states = files.map(file => ({ ...file, offset: sizeOf(file.path), rest: '', decoder: new TextDecoder() }))
  while (!signal.aborted) {
    for (const state of states) {
      const size = sizeOf(state.path)
      // It was cut: what stands there now is new.
      if (size < state.offset) state.offset = 0
      if (size === state.offset) continue
      const bytes = readAt(state.path, state.offset, Math.min(CHUNK_BYTES, size - state.offset))
      state.offset += bytes.length
      const lines = (state.rest + state.decoder.decode(bytes, { stream: true })).split('\n')
      state.rest = lines.pop() ?? ''
      if (state.rest.length > MAX_LINE_CHARS) lines.push(state.rest.slice(0, MAX_LINE_CHARS))
      if (state.rest.length > MAX_LINE_CHARS) state.rest = state.rest.slice(MAX_LINE_CHARS)
      for (const line of lines) onLine(state.label, line)
    }
    await new Promise<void>(resolve => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, POLL_MS)
      signal.addEventListener('abort', done)
    })
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

function readAt(path: string, offset: number, length: number): Uint8Array {
  try {
    const fd = openSync(path, 'r')
    try {
      const buffer = Buffer.alloc(length)
      return buffer.subarray(0, readSync(fd, buffer, 0, length, offset))
    } finally {
      closeSync(fd)
    }
  } catch {
    return new Uint8Array()
  }
}
