// The one table of keys: what a key does, where, and what `?` says of it.
import type { ViewKind } from './model/state.ts'

export type Deed =
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'top'
  | 'bottom'
  | 'open'
  | 'back'
  | 'filter'
  | 'command'
  | 'sort'
  | 'turn'
  | 'describe'
  | 'logs'
  | 'experiments'
  | 'blocks'
  | 'run'
  | 'abort'
  | 'help'
  | 'quit'

export interface Binding {
  readonly deed: Deed
  /** Names of keys as `keyName` gives them. */
  readonly keys: readonly string[]
  /** The keys as people read them. */
  readonly label: string
  /** For the last line: one word. */
  readonly word: string
  readonly help: string
  /** Views in which it does something; all when absent. */
  readonly views?: readonly ViewKind[]
  /** Changes something: not with --readonly. */
  readonly changes?: true
}

const lists: readonly ViewKind[] = ['testnets', 'testnet', 'experiments', 'library', 'blocks']
const ofTestnet: readonly ViewKind[] = ['testnet', 'node', 'log', 'describe', 'experiments', 'library', 'blocks']

export const bindings: readonly Binding[] = [
  { deed: 'up', keys: ['up', 'k'], label: '↑ k', word: 'up', help: 'one row up' },
  { deed: 'down', keys: ['down', 'j'], label: '↓ j', word: 'down', help: 'one row down' },
  { deed: 'page-up', keys: ['pageup', 'ctrl-b'], label: 'pgup ctrl-b', word: 'page up', help: 'one page up' },
  {
    deed: 'page-down',
    keys: ['pagedown', 'ctrl-f', ' '],
    label: 'pgdn ctrl-f',
    word: 'page down',
    help: 'one page down',
  },
  { deed: 'top', keys: ['home', 'g'], label: 'home g', word: 'top', help: 'the first row' },
  { deed: 'bottom', keys: ['end', 'G'], label: 'end G', word: 'bottom', help: 'the last row' },
  { deed: 'open', keys: ['enter'], label: 'enter', word: 'open', help: 'open the row', views: ['testnets', 'testnet'] },
  {
    deed: 'open',
    keys: ['enter'],
    label: 'enter',
    word: 'start',
    help: 'start the experiment, after a question',
    views: ['library'],
    changes: true,
  },
  { deed: 'back', keys: ['esc', 'left'], label: 'esc', word: 'back', help: 'drop the filter, or go back' },
  {
    deed: 'filter',
    keys: ['/'],
    label: '/',
    word: 'filter',
    help: 'rows with these words; !word without',
    views: lists,
  },
  {
    deed: 'command',
    keys: [':'],
    label: ':',
    word: 'go to',
    help: ':testnets :nodes :blocks :experiments :run FILE :NAME :quit',
  },
  { deed: 'sort', keys: ['s'], label: 's', word: 'sort', help: 'sort by the next column', views: lists },
  { deed: 'turn', keys: ['S'], label: 'S', word: 'turn', help: 'turn the order of the sort', views: lists },
  {
    deed: 'describe',
    keys: ['d'],
    label: 'd',
    word: 'describe',
    help: 'all that is known of the row',
    views: ['testnet', 'node'],
  },
  { deed: 'logs', keys: ['l'], label: 'l', word: 'logs', help: 'what the node says', views: ['testnet', 'node'] },
  { deed: 'experiments', keys: ['x'], label: 'x', word: 'experiments', help: 'experiments', views: ofTestnet },
  { deed: 'blocks', keys: ['b'], label: 'b', word: 'blocks', help: 'the latest blocks', views: ofTestnet },
  {
    deed: 'run',
    keys: ['r'],
    label: 'r',
    word: 'run',
    help: 'choose an experiment and start it; `:run FILE` for one of your own',
    views: ['testnet', 'node', 'experiments', 'blocks'],
    changes: true,
  },
  {
    deed: 'abort',
    keys: ['ctrl-d'],
    label: 'ctrl-d',
    word: 'abort',
    help: 'abort the experiment that runs, after a question',
    views: ['testnet', 'experiments'],
    changes: true,
  },
  { deed: 'help', keys: ['?'], label: '?', word: 'help', help: 'this page' },
  { deed: 'quit', keys: ['q', 'ctrl-c'], label: 'q', word: 'quit', help: 'leave; the testnet goes on' },
]

/** Those that do something in a view. */
export const bindingsOf = (kind: ViewKind, readonly: boolean): readonly Binding[] =>
  bindings.filter(({ views, changes }) => (views?.includes(kind) ?? true) && !(readonly && changes))

export const deedOf = (key: string, kind: ViewKind, readonly: boolean): Deed | undefined =>
  bindingsOf(kind, readonly).find(({ keys }) => keys.includes(key))?.deed
