// What a node tells over its public port, into an archive: what it is, its metrics, its peers, its latest events.
import type { Archive } from './archive.ts'

/** The body of an answer. @throws Error that says why there is none */
export type Ask = (path: string) => Promise<string>

const files: readonly { readonly path: string; readonly file: string }[] = [
  { path: '/status', file: 'status.json' },
  { path: '/metrics', file: 'metrics.txt' },
  { path: '/v1/peers', file: 'peers.json' },
  { path: '/v1/blocks', file: 'blocks.json' },
]
/** All events that the node still has; a stream that does not end. */
const events = { path: '/v1/events?after=0', file: 'events.txt' }

/** Never throws: what a node does not tell is noted. A node that does not answer at all is asked once. */
export async function addAnswers(
  archive: Archive,
  folder: string,
  ask: Ask,
  { streams }: { readonly streams: boolean },
): Promise<void> {
  for (const [at, { path, file }] of [...files, ...(streams ? [events] : [])].entries()) {
    const target = `${folder}/${file}`
    try {
      const text = await ask(path)
      if (file.endsWith('.json')) archive.value(target, JSON.parse(text))
      else archive.text(target, text)
    } catch (error) {
      archive.lacks(at === 0 ? `${folder}: what the node tells` : target, error)
      if (at === 0) return
    }
  }
}

/** A stream that has said all it has is silent for so long. */
const QUIET_MS = 300

/**
 * The text of a body, at most `maxBytes` of it; of one that does not end what came until it fell silent.
 * @throws what the body fails with before anything came
 */
export async function readUntilQuiet(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const iterator = body[Symbol.asyncIterator]()
  while (bytes < maxBytes) {
    const next = iterator.next()
    // It fails when the stream is ended below; nobody waits for it then.
    next.catch(() => {})
    const silence = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => silence.resolve(undefined), chunks.length === 0 ? QUIET_MS * 10 : QUIET_MS)
    const result = await Promise.race([next, silence.promise]).finally(() => clearTimeout(timer))
    if (result === undefined || result.done) break
    chunks.push(result.value)
    bytes += result.value.length
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8')
}
