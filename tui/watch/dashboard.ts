// The dashboard on a terminal: feeds and keys go into the state, and Ink shows it.
import { Box, render, Text, useInput, useWindowSize } from 'ink'
import { createElement, useEffect, useReducer, useSyncExternalStore } from 'react'
import type { Paint } from '../theme.ts'
import type { Feed, OnFeed } from './feed/feed.ts'
import { keyNames } from './key-names.ts'
import type { Focus, LibraryEntry } from './model/picture.ts'
import { press } from './model/press.ts'
import { type Action, focusOf, initialState, type State, topOf, update } from './model/state.ts'
import { paintLine } from './views/line.ts'
import { pageOf, type Size, screen } from './views/screen.ts'

/** At most so many frames a second. */
const MAX_FPS = 10
/** Countdowns and ages go on while nothing is told. */
const TICK_MS = 1_000

/** What changes something, each by a sentence about what was done. */
export interface Deeds {
  /** @throws Error why it was not */
  abort(testnet: string, experiment: string): Promise<string>
  /** @throws Error why it was not */
  start(testnet: string, file: string): Promise<string>
  /** Experiments that can be started. */
  library(): readonly LibraryEntry[]
}

export interface DashboardOptions {
  readonly place: string
  readonly readonly: boolean
  /** Key of the testnet to begin with; the list of all without. */
  readonly testnet: string | undefined
  readonly feed: (tell: OnFeed) => Feed
  readonly paint: Paint
  readonly deeds: Deeds
  readonly signal: AbortSignal
}

/** The state, and whoever shows it: at once after a key, and at most `MAX_FPS` times a second whatever is told. */
class Store {
  state: State
  #shown: State
  #timer: NodeJS.Timeout | undefined
  readonly #listeners = new Set<() => void>()
  readonly #onFocus: (focus: Focus) => void
  readonly #onAction: (action: Action) => void
  #focus = ''

  constructor(state: State, onFocus: (focus: Focus) => void, onAction: (action: Action) => void) {
    this.state = state
    this.#shown = state
    this.#onFocus = onFocus
    this.#onAction = onAction
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  readonly current = (): State => this.#shown

  /** Of what is told; many nodes tell at the same time. */
  hear(state: State): void {
    if (state === this.state) return
    this.state = state
    this.#timer ??= setTimeout(() => this.#show(), 1_000 / MAX_FPS)
  }

  become(state: State): void {
    if (state === this.state) return
    this.state = state
    const focus = JSON.stringify([topOf(state).kind, focusOf(state)])
    if (focus !== this.#focus) {
      this.#focus = focus
      this.#onFocus(focusOf(state))
    }
    this.#show()
  }

  #show(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#shown = this.state
    for (const listener of this.#listeners) listener()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  press(key: string, page: number): void {
    const { state, action } = press(this.state, key, page)
    this.become(state)
    if (action) this.#onAction(action)
  }
}

/** Resolves when it was left. Throws what broke it, after the screen is as it was. */
export async function showDashboard(options: DashboardOptions): Promise<void> {
  let feed: Feed | undefined
  const store = new Store(
    initialState(options.place, options.readonly, options.testnet),
    focus => {
      feed?.look(focus)
      // Read when it is wanted, after the screen has said so.
      if (topOf(store.state).kind === 'library' && store.state.library === undefined)
        setImmediate(() => store.become(update(store.state, { kind: 'library', entries: options.deeds.library() })))
    },
    action => {
      if (action.kind === 'quit') return app.unmount()
      const notice = (text: string): void => store.become({ ...store.state, notice: text })
      const { deeds } = options
      notice(action.kind === 'abort' ? `aborting ${action.experiment}` : 'starting it')
      const done =
        action.kind === 'abort'
          ? deeds.abort(action.testnet, action.experiment)
          : deeds.start(action.testnet, action.file)
      done.then(notice, (error: Error) => notice(error.message))
    },
  )
  feed = options.feed(event => store.hear(update(store.state, event)))
  // A prompt printed after what was typed ahead leaves the cursor within a line, and the first frame would be too wide by it.
  process.stdout.write('\r')
  const app = render(createElement(Dashboard, { store, paint: options.paint }), {
    alternateScreen: true,
    interactive: true,
    incrementalRendering: true,
    maxFps: MAX_FPS,
    // The keys decide: in a prompt, for one, it is answered first.
    exitOnCtrlC: false,
    // A stray line of a library would tear the frame.
    patchConsole: true,
  })
  const stop = (): void => app.unmount()
  // A defect ends in the main screen, where its message can be read, and not on one that is about to be put away.
  let defect: Error | undefined
  const broken = (error: Error): void => {
    defect ??= error
    app.unmount()
  }
  process.on('uncaughtException', broken)
  options.signal.addEventListener('abort', stop)
  if (options.signal.aborted) stop()
  try {
    feed.look(focusOf(store.state))
    await app.waitUntilExit()
    if (defect) throw defect
  } finally {
    options.signal.removeEventListener('abort', stop)
    feed.close()
    store.close()
    app.unmount()
    process.off('uncaughtException', broken)
  }
}

function Dashboard({ store, paint }: { readonly store: Store; readonly paint: Paint }) {
  const state = useSyncExternalStore(store.subscribe, store.current)
  const size: Size = useWindowSize()
  const [, tick] = useReducer((count: number) => count + 1, 0)
  useEffect(() => {
    const timer = setInterval(tick, TICK_MS)
    return () => clearInterval(timer)
  }, [])
  useInput((input, key) => {
    for (const name of keyNames(input, key)) store.press(name, pageOf(size))
  })
  const lines = screen(state, size, Date.now()).map(each => paintLine(each, size.columns, paint))
  return createElement(
    Box,
    { flexDirection: 'column', width: size.columns, height: size.rows },
    // A line without a character would have no height.
    ...lines.map((text, index) => createElement(Text, { key: index, wrap: 'truncate-end' }, text === '' ? ' ' : text)),
  )
}
