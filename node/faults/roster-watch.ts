// Reads the roster again while the node runs: a testnet that grows gives its new nodes their latency without a restart.
// Nothing else of the configuration is taken over.
import { stat } from 'node:fs/promises'
import type { Roster } from '../../api/node-config.ts'
import { readLayers, rosterOf } from '../config.ts'

/** A cluster takes a minute to bring a changed file to its pods anyway. */
const LOOK_EVERY_MS = 10_000

export interface RosterWatchOptions {
  /** The configuration's, in their order. */
  readonly files: readonly string[]
  /** As it was when the node started. */
  readonly current: Roster
  readonly onChange: (roster: Roster) => void
  /** Told once of files that cannot be read or say nothing sensible; what was known before stays in force. */
  readonly onProblem: (error: unknown) => void
}

export class RosterWatch {
  readonly #options: RosterWatchOptions
  #current: string
  /** Of the files when they were read last, well or not. */
  #seen = ''
  #timer: NodeJS.Timeout | undefined

  constructor(options: RosterWatchOptions) {
    this.#options = options
    this.#current = JSON.stringify(pick(options.current))
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#look().finally(() => this.#timer && this.start()), LOOK_EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    const { files, onChange, onProblem } = this.#options
    try {
      const signature = (await Promise.all(files.map(signatureOf))).join('\n')
      if (signature === this.#seen) return
      this.#seen = signature
      const roster = rosterOf(await readLayers(files))
      const text = JSON.stringify(pick(roster))
      if (text === this.#current) return
      this.#current = text
      onChange(roster)
    } catch (error) {
      onProblem(error)
    }
  }
}

const pick = ({ roster, latency }: Roster): Roster => ({ roster, latency })

/** Another text has another one; a file that is not there has one too, so that it is complained of once. */
async function signatureOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined)
  return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : 'none'
}
