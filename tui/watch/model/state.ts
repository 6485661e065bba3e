// Everything the dashboard knows and how a word of the feed changes it. Pure; keys change it in press.ts.
import type { TestnetReport } from '../../model/testnet-summary.ts'
import { type EventLine, eventLine, experimentLines } from './event-text.ts'
import {
  type FeedEvent,
  type Focus,
  keyOf,
  type LibraryEntry,
  type NodeDetail,
  type TestnetPicture,
  type WatchedBlock,
} from './picture.ts'
import { freshList, type ListState } from './rows.ts'
import { type Side, sidesOf } from './sides.ts'

/** Recent events that are kept, of all nodes together. */
export const MAX_EVENTS = 500
/** Samples of the height spread: one a picture. */
export const MAX_SPREADS = 240
/** Blocks and producers of which something is remembered. */
const MAX_REMEMBERED = 2_048

export type ViewKind = 'testnets' | 'testnet' | 'node' | 'log' | 'describe' | 'experiments' | 'library' | 'blocks'

export interface View {
  readonly kind: ViewKind
  /** Key of the testnet; empty in the list of all. */
  readonly testnet: string
  /** Of the node's own views. */
  readonly node: string
  readonly list: ListState
}

/** What typed characters are for. */
export type Prompt =
  | { readonly kind: 'filter'; readonly text: string; readonly before: string }
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'confirm'; readonly question: string; readonly action: Action }

/** What only the shell can do. */
export type Action =
  | { readonly kind: 'quit' }
  | { readonly kind: 'abort'; readonly testnet: string; readonly experiment: string }
  | { readonly kind: 'start'; readonly testnet: string; readonly file: string }

export interface State {
  /** `this machine`, or the context and namespace. */
  readonly place: string
  readonly readonly: boolean
  /** The one on top is shown; never empty. */
  readonly views: readonly View[]
  readonly help: boolean
  readonly prompt: Prompt | undefined
  /** One sentence for the last line, until the next key. */
  readonly notice: string

  readonly testnets: readonly TestnetReport[]
  /** Why there are none. */
  readonly note: string
  readonly testnetsAt: number | null
  /** Experiments that can be started; undefined before they were looked for. */
  readonly library: readonly LibraryEntry[] | undefined
  readonly picture: TestnetPicture | undefined
  readonly sides: readonly Side[]
  /** Greatest minus least height, oldest first; null while nobody answered. */
  readonly spreads: readonly (number | null)[]
  readonly detail: NodeDetail | undefined
  readonly blocks: readonly WatchedBlock[]
  /** Milliseconds each block took to the nodes that told, by hash. */
  readonly delays: ReadonlyMap<string, readonly number[]>
  /** Node name by validator key, as far as nodes have told. */
  readonly producers: ReadonlyMap<string, string>
  /** Newest first. */
  readonly events: readonly EventLine[]
  /** Since the source stopped answering; undefined while it does. */
  readonly lost: { readonly since: number; readonly reason: string } | undefined
}

export function initialState(place: string, readonly: boolean, testnet: string | undefined): State {
  const root = view('testnets')
  return {
    place,
    readonly,
    views: testnet === undefined ? [root] : [root, view('testnet', testnet)],
    help: false,
    prompt: undefined,
    notice: '',
    testnets: [],
    note: '',
    testnetsAt: null,
    library: undefined,
    ...noTestnet,
    lost: undefined,
  }
}

/** What belongs to one testnet, and goes when another is looked at. */
const noTestnet = {
  picture: undefined,
  sides: [],
  spreads: [],
  detail: undefined,
  blocks: [],
  delays: new Map(),
  producers: new Map(),
  events: [],
} satisfies Partial<State>

export const view = (kind: ViewKind, testnet = '', node = ''): View => ({ kind, testnet, node, list: freshList })
export const topOf = ({ views }: State): View => views.at(-1)!

export function focusOf(state: State): Focus {
  const { kind, testnet, node } = topOf(state)
  return {
    testnet: kind === 'testnets' ? undefined : testnet,
    node: node === '' ? undefined : node,
    blocks: kind === 'blocks',
  }
}

/** The state with another stack of views. */
export function withViews(state: State, views: readonly View[]): State {
  const [before, now] = [topOf(state), views.at(-1)!]
  const next = { ...state, views }
  // The list of all shows the testnet last looked at no longer; its samples would have a hole.
  if (now.testnet !== before.testnet) return { ...next, ...noTestnet }
  return now.node === before.node ? next : { ...next, detail: undefined }
}

export function update(state: State, event: FeedEvent): State {
  switch (event.kind) {
    case 'testnets': {
      const next = { ...state, testnets: event.reports, note: event.note, testnetsAt: event.at }
      return topOf(state).kind === 'testnets' ? { ...next, lost: undefined } : next
    }
    case 'testnet':
      return shown(state, event.picture)
    case 'detail':
      return event.detail.node === topOf(state).node ? { ...state, detail: event.detail } : state
    case 'blocks':
      return event.testnet === topOf(state).testnet ? { ...state, blocks: event.blocks } : state
    case 'library':
      return { ...state, library: event.entries }
    case 'node-event':
      return event.testnet === topOf(state).testnet ? heard(state, event) : state
    case 'lost':
      return { ...state, lost: state.lost ?? { since: event.at, reason: event.reason } }
  }
}

function shown(state: State, picture: TestnetPicture): State {
  if (keyOf(picture.report) !== topOf(state).testnet) return state
  const { height, heads } = picture.report
  return {
    ...state,
    picture,
    lost: undefined,
    events: experimentLines(state.picture, picture).reduce((events, line) => newestFirst(line, events), state.events),
    sides: sidesOf(heads, state.sides),
    spreads: [...state.spreads, height === null ? null : height.max - height.min].slice(-MAX_SPREADS),
  }
}

function heard(state: State, { node, event }: Extract<FeedEvent, { kind: 'node-event' }>): State {
  const line = eventLine(node, event)
  const events = line ? newestFirst(line, state.events) : state.events
  if (event.kind !== 'block') return { ...state, events }
  const delays = bounded(state.delays).set(event.hash, [...(state.delays.get(event.hash) ?? []), event.delayMs])
  const own = event.from === 'self' && !state.producers.has(event.producer)
  const producers = own ? bounded(state.producers).set(event.producer, node) : state.producers
  return { ...state, events, delays, producers }
}

/** Nodes tell at the same time and their clocks differ a little: kept in the order of the time they tell. */
function newestFirst(line: EventLine, events: readonly EventLine[]): readonly EventLine[] {
  const place = events.findIndex(({ at }) => at <= line.at)
  const at = place < 0 ? events.length : place
  return [...events.slice(0, at), line, ...events.slice(at)].slice(0, MAX_EVENTS)
}

/** A copy with room for one more; the oldest goes. */
function bounded<V>(map: ReadonlyMap<string, V>): Map<string, V> {
  const copy = new Map(map)
  for (const key of copy.keys()) {
    if (copy.size < MAX_REMEMBERED) break
    copy.delete(key)
  }
  return copy
}

/** A key is NAMESPACE/NAME, or NAME alone on this machine. */
export const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1)
