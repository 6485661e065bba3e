// What a key does to the state. Pure: what only the shell can do comes back as an action.
import { nearestOf } from '../../../operator/local/testnets.ts'
import { type Deed, deedOf } from '../keys.ts'
import { idsOf, listingOf } from './lists.ts'
import { keyOf } from './picture.ts'
import { cursorIndex, type ListState, moved } from './rows.ts'
import {
  type Action,
  nameOf,
  type Prompt,
  type State,
  topOf,
  type View,
  type ViewKind,
  view,
  withViews,
} from './state.ts'

export interface Pressed {
  readonly state: State
  readonly action?: Action
}

const MAX_TYPED_CHARS = 120

/** `page`: rows of a page, for the keys that go one further. */
export function press(state: State, key: string, page: number): Pressed {
  const quiet = state.notice === '' ? state : { ...state, notice: '' }
  if (key === 'ctrl-c') return { state: quiet, action: { kind: 'quit' } }
  if (quiet.prompt) return typed(quiet, quiet.prompt, key)
  if (quiet.help) return { state: key === 'q' || key === '?' || key === 'esc' ? { ...quiet, help: false } : quiet }
  const deed = deedOf(key, topOf(quiet).kind, quiet.readonly)
  return deed ? done(quiet, deed, Math.max(1, page)) : { state: quiet }
}

function done(state: State, deed: Deed, page: number): Pressed {
  const top = topOf(state)
  const go = (kind: ViewKind, node = ''): Pressed => ({ state: opened(state, view(kind, top.testnet, node)) })
  const move = (by: number): Pressed => ({ state: withList(state, movedBy(state, by)) })
  switch (deed) {
    case 'up':
      return move(-1)
    case 'down':
      return move(1)
    case 'page-up':
      return move(-page)
    case 'page-down':
      return move(page)
    case 'top':
      return move(-Number.MAX_SAFE_INTEGER)
    case 'bottom':
      return move(Number.MAX_SAFE_INTEGER)
    case 'open':
      return { state: top.kind === 'library' ? startAsked(state, chosen(state)) : openRow(state) }
    case 'back':
      return { state: back(state) }
    case 'filter':
      return { state: { ...state, prompt: { kind: 'filter', text: top.list.filter, before: top.list.filter } } }
    case 'command':
      return { state: { ...state, prompt: { kind: 'command', text: '' } } }
    case 'sort':
      return { state: withList(state, nextSort(state)) }
    case 'turn':
      return { state: withList(state, { ...top.list, descending: !top.list.descending }) }
    case 'describe':
      return top.kind === 'experiments' ? { state } : go('describe', chosen(state))
    case 'logs':
      return go('log', chosen(state))
    case 'experiments':
    case 'blocks':
      return go(deed)
    case 'run':
      return go('library')
    case 'abort':
      return { state: asked(state) }
    case 'help':
      return { state: { ...state, help: true } }
    case 'quit':
      return { state, action: { kind: 'quit' } }
  }
}

/** The same kind of view is not stacked twice: esc would lead back to it. */
function opened(state: State, next: View): State {
  if (next.kind === topOf(state).kind && next.node === topOf(state).node) return state
  if ((next.kind === 'log' || next.kind === 'describe') && next.node === '') return state
  const below = state.views.findIndex(({ kind, node }) => kind === next.kind && node === next.node)
  return withViews(state, [...(below > 0 ? state.views.slice(0, below) : state.views), next])
}

function openRow(state: State): State {
  const top = topOf(state)
  const id = chosen(state)
  if (id === '') return state
  return withViews(state, [
    ...state.views,
    top.kind === 'testnets' ? view('testnet', id) : view('node', top.testnet, id),
  ])
}

function back(state: State): State {
  const { list } = topOf(state)
  if (list.filter !== '') return withList(state, { ...list, filter: '' })
  return state.views.length > 1 ? withViews(state, state.views.slice(0, -1)) : state
}

/** The node of the view, or the row under the cursor. */
function chosen(state: State): string {
  const top = topOf(state)
  if (top.node !== '') return top.node
  const ids = idsOf(state)
  return ids[cursorIndex(ids, top.list)] ?? ''
}

function movedBy(state: State, by: number): ListState {
  const { kind, list } = topOf(state)
  if (listingOf(state)) return moved(list, idsOf(state), by)
  // A text scrolls; how far is known to whoever draws it. A log counts from its end.
  const forward = kind === 'log' ? -by : by
  return { ...list, index: Math.max(0, Math.min(MAX_SCROLL, list.index + forward)) }
}
const MAX_SCROLL = 10_000

/** As they come, then by each column, then as they come again. Numbers begin with the greatest. */
function nextSort(state: State): ListState {
  const { list } = topOf(state)
  const columns = listingOf(state)?.columns ?? []
  const next = columns[columns.findIndex(({ title }) => title === list.sort) + 1]
  return { ...list, sort: next?.title, descending: next?.right === true }
}

function asked(state: State): State {
  const all = state.picture?.experiments.filter(({ over }) => !over) ?? []
  const running = all.find(({ name }) => topOf(state).kind === 'experiments' && name === chosen(state)) ?? all[0]
  if (!running) return { ...state, notice: 'no experiment runs' }
  const question = `abort ${running.name}? Its faults are lifted at once`
  const action: Action = { kind: 'abort', testnet: topOf(state).testnet, experiment: running.name }
  return { ...state, prompt: { kind: 'confirm', question, action } }
}

function startAsked(state: State, file: string): State {
  if (file === '') return state
  const { testnet } = topOf(state)
  const name = state.library?.find(entry => entry.file === file)?.name ?? file
  const question = `run ${name} on ${nameOf(testnet)}? It breaks the testnet on purpose`
  return { ...state, prompt: { kind: 'confirm', question, action: { kind: 'start', testnet, file } } }
}

const withList = (state: State, list: ListState): State => ({
  ...state,
  views: [...state.views.slice(0, -1), { ...topOf(state), list }],
})

function typed(state: State, prompt: Prompt, key: string): Pressed {
  const rest: State = { ...state, prompt: undefined }
  if (prompt.kind === 'confirm') {
    if (key !== 'y') return { state: { ...rest, notice: 'nothing was done' } }
    // What becomes of it is seen among the experiments.
    const { action } = prompt
    return { state: action.kind === 'start' ? opened(rest, view('experiments', action.testnet)) : rest, action }
  }
  if (key === 'esc') return { state: prompt.kind === 'filter' ? withFilter(rest, prompt.before) : rest }
  if (key === 'enter') return prompt.kind === 'filter' ? { state: rest } : commanded(rest, prompt.text.trim())
  const text = edited(prompt.text, key)
  if (text === undefined) return { state: rest }
  const next: State = { ...state, prompt: { ...prompt, text } }
  return { state: prompt.kind === 'filter' ? withFilter(next, text) : next }
}

const withFilter = (state: State, filter: string): State => withList(state, { ...topOf(state).list, filter })

/** Undefined when the prompt is left: backspace where nothing is typed. */
function edited(text: string, key: string): string | undefined {
  if (key === 'backspace') return text === '' ? undefined : Array.from(text).slice(0, -1).join('')
  if (key === 'ctrl-u') return ''
  // Keys with a name are no text.
  return Array.from(key).length === 1 && text.length < MAX_TYPED_CHARS ? text + key : text
}

const commands: Readonly<Record<string, ViewKind | 'quit' | 'help'>> = {
  testnets: 'testnets',
  tn: 'testnets',
  nodes: 'testnet',
  no: 'testnet',
  testnet: 'testnet',
  blocks: 'blocks',
  experiments: 'experiments',
  chaos: 'experiments',
  help: 'help',
  quit: 'quit',
  q: 'quit',
}

function runCommand(state: State, file: string): State {
  const { testnet } = topOf(state)
  if (state.readonly) return { ...state, notice: '--readonly: nothing can be changed from here' }
  if (testnet === '') return { ...state, notice: 'open a testnet first' }
  return file === '' ? opened(state, view('library', testnet)) : startAsked(state, file)
}

function commanded(state: State, text: string): Pressed {
  if (text === '') return { state }
  const top = topOf(state)
  const [word, ...rest] = text.split(/\s+/)
  if (word === 'run') return { state: runCommand(state, rest.join(' ')) }
  const named = state.testnets.find(report => keyOf(report) === text || report.name === text)
  const command = Object.hasOwn(commands, text) ? commands[text] : undefined
  if (command === 'quit') return { state, action: { kind: 'quit' } }
  if (command === 'help') return { state: { ...state, help: true } }
  const root = state.views[0]!
  if (command === 'testnets') return { state: withViews(state, [root]) }
  if (command === undefined && named) return { state: withViews(state, [root, view('testnet', keyOf(named))]) }
  if (command === undefined && state.picture?.nodes.some(({ name }) => name === text))
    return { state: opened(state, view('node', top.testnet, text)) }
  if (command !== undefined && top.testnet !== '') {
    const testnet = state.views.find(({ kind }) => kind === 'testnet') ?? view('testnet', top.testnet)
    const views = command === 'testnet' ? [root, testnet] : [root, testnet, view(command, top.testnet)]
    return { state: withViews(state, views) }
  }
  const known = [...Object.keys(commands), 'run', ...state.testnets.map(({ name }) => nameOf(name))]
  const nearest = nearestOf(text, known)
  const mend = command ? 'open a testnet first' : nearest ? `did you mean :${nearest}?` : 'see ? for what there is'
  return { state: { ...state, notice: command ? mend : `:${text} is nothing here; ${mend}` } }
}
