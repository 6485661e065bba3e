// An archive in the making: files in a folder of its own, then one .tar.gz. Everything in it went through the Emptier and
// has a bound.
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { fromSystemError } from '../../operator/local/errors.ts'
import { Emptier } from './emptying.ts'
import { MAX_FILE_BYTES, MAX_LOG_BYTES, MAX_NODES, MAX_NOTES, MAX_TOTAL_BYTES } from './limits.ts'

/** What is not in the archive, or not whole. */
export interface Gap {
  readonly what: string
  readonly why: string
}

export interface Finished {
  readonly file: string
  readonly bytes: number
  readonly files: number
}

export class Archive {
  readonly emptier = new Emptier()
  readonly missing: Gap[] = []
  readonly cut: Gap[] = []
  readonly #staging: string
  readonly #top: string
  readonly #files: { readonly path: string; readonly bytes: number }[] = []
  #bytes = 0

  /** `top`: the folder that the archive unpacks to. */
  constructor(top: string) {
    // Readable by this user alone.
    this.#staging = mkdtempSync(join(tmpdir(), 'trellis-dump-'))
    this.#top = top
  }

  /** Objects as YAML, anything else as JSON. */
  value(path: string, value: unknown): void {
    const emptied = this.emptier.value(value)
    this.#write(
      path,
      path.endsWith('.yaml') ? stringify(emptied) : `${JSON.stringify(emptied, null, 2)}\n`,
      MAX_FILE_BYTES,
    )
  }

  text(path: string, text: string): void {
    this.#write(path, this.emptier.text(text), MAX_FILE_BYTES)
  }

  /** The end of a log; `whole` is its size in bytes when `text` is only a part already. */
  log(path: string, text: string, whole = Buffer.byteLength(text)): void {
    const bytes = Buffer.from(text)
    const kept = bytes.length <= MAX_LOG_BYTES ? bytes : bytes.subarray(bytes.length - MAX_LOG_BYTES)
    if (kept.length < whole) this.#note(this.cut, path, `the last ${kept.length} of ${whole} bytes are kept`)
    this.#write(path, this.emptier.text(kept.toString('utf8')), MAX_LOG_BYTES * 2)
  }

  lacks(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error)
    this.#note(this.missing, what, this.emptier.text(why).slice(0, 1_000))
  }

  leftOut(what: string, why: string): void {
    this.#note(this.cut, what, why)
  }

  /** Writes `file`, readable by this user alone. @throws LocalError */
  async finish(file: string, facts: Readonly<Record<string, unknown>>): Promise<Finished> {
    const limits = { fileBytes: MAX_FILE_BYTES, logBytes: MAX_LOG_BYTES, totalBytes: MAX_TOTAL_BYTES, nodes: MAX_NODES }
    const { missing, cut } = this
    const contents = { ...facts, files: this.#files, missing, cut, limits }
    this.#put('manifest.json', `${JSON.stringify(contents, null, 2)}\n`)
    this.#put('README.txt', readme(facts, missing, cut))
    try {
      // Loaded only here: no other command writes archives.
      const { create } = await import('tar')
      const options = { cwd: this.#staging, gzip: true, portable: true, strict: true, mode: 0o600 }
      writeFileSync(file, '', { mode: 0o600, flag: 'wx' })
      await create({ ...options, file }, [this.#top])
    } catch (error) {
      throw fromSystemError(error, file)
    }
    return { file, bytes: statSync(file).size, files: this.#files.length }
  }

  /** Removes what is not packed. */
  close(): void {
    rmSync(this.#staging, { recursive: true, force: true })
  }

  #write(path: string, text: string, limit: number): void {
    const bytes = Buffer.from(text)
    const room = Math.min(limit, MAX_TOTAL_BYTES - this.#bytes)
    if (room <= 0) {
      this.#note(this.cut, path, `the archive holds ${MAX_TOTAL_BYTES} bytes already`)
      return
    }
    if (bytes.length > room) this.#note(this.cut, path, `the first ${room} of ${bytes.length} bytes are kept`)
    const kept = bytes.subarray(0, room)
    this.#bytes += kept.length
    this.#files.push({ path, bytes: kept.length })
    this.#put(path, kept)
  }

  #put(path: string, content: string | Buffer): void {
    const target = join(this.#staging, this.#top, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content, { mode: 0o600 })
  }

  #note(list: Gap[], what: string, why: string): void {
    if (list.length < MAX_NOTES) list.push({ what, why })
  }
}

function readme(facts: Readonly<Record<string, unknown>>, missing: readonly Gap[], cut: readonly Gap[]): string {
  const list = (gaps: readonly Gap[]): string[] =>
    gaps.length === 0 ? ['  nothing'] : gaps.map(({ what, why }) => `  ${what}: ${why}`)
  return [
    ...Object.entries(facts).map(([name, value]) => `${name}: ${String(value)}`),
    '',
    'Keys, seeds, tokens and the values of Secrets are replaced by (emptied). A testnet that is started from this archive',
    'needs its seed again. manifest.json lists the files.',
    '',
    'What could not be got:',
    ...list(missing),
    '',
    'What was cut:',
    ...list(cut),
    '',
  ].join('\n')
}
