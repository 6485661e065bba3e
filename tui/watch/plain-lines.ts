// `trellis watch` without a screen: one line when something changed, and now and then when only the height did.
import type { Terminal } from '../terminal.ts'
import type { Feed, OnFeed } from './feed/feed.ts'
import { keyOf } from './model/picture.ts'
import { initialState, type State, update } from './model/state.ts'
import { stateLine } from './views/state-line.ts'

/** The height alone is told this often. */
const HEIGHT_EVERY_MS = 5_000

export interface LinesOptions {
  readonly testnet: string | undefined
  readonly feed: (tell: OnFeed) => Feed
  readonly terminal: Pick<Terminal, 'out'>
  readonly signal: AbortSignal
}

/** Resolves with the signal. */
export async function followLines({ testnet, feed, terminal, signal }: LinesOptions): Promise<void> {
  let state: State = initialState('', true, testnet)
  const told = new Map<string, { readonly key: string; readonly at: number }>()
  const say = (id: string, { key, text }: { key: string; text: string }): void => {
    const last = told.get(id)
    const now = Date.now()
    if (last?.key === key && now - last.at < HEIGHT_EVERY_MS) return
    told.set(id, { key, at: now })
    terminal.out(`${new Date(now).toISOString()} ${text}`)
  }
  const source = feed(event => {
    state = update(state, event)
    if (event.kind === 'testnet') say('testnet', stateLine(event.picture, state.sides))
    if (event.kind === 'lost') say('testnet', { key: `lost ${event.reason}`, text: event.reason })
    if (event.kind === 'testnets' && testnet === undefined) {
      for (const report of event.reports) say(keyOf(report), stateLine({ report, experiments: [] }, []))
      if (event.reports.length === 0) say('', { key: event.note, text: event.note })
    }
    if (event.kind === 'node-event') {
      const [line] = state.events
      if (line && line.at === event.event.at && line.node === event.node)
        terminal.out(`${new Date(line.at).toISOString()} ${line.node} ${line.text}`)
    }
  })
  source.look({ testnet, node: undefined, blocks: false })
  if (!signal.aborted) await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
  source.close()
}
