// The first lines of every view: where we are, how old the data is, and how the testnet is.

import { glyphs } from '../../theme.ts'
import { age } from '../../views/status.ts'
import { widthOf } from '../../views/width.ts'
import { nameOf, type State, topOf } from '../model/state.ts'
import { flag, type Line, line, type Span } from './line.ts'

/** Data older than this is called by its age: a round of a thousand nodes takes so long. */
const FRESH_MS = 5_000
/** And older than this it may no longer hold, although nobody said so. */
const STALE_MS = 20_000

export function headerLines(state: State, columns: number, now: number): Line[] {
  const { testnet, node, kind } = topOf(state)
  const crumbs = [testnet && nameOf(testnet), node, words[kind] ?? ''].filter(Boolean)
  const left: Span[] = [
    ['strong', ' trellis'],
    ['dim', ` ${state.place}`],
    ...crumbs.flatMap((crumb): Span[] => [
      ['dim', ' › '],
      ['accent', crumb],
    ]),
  ]
  const right = freshness(state, now)
  const gap = columns - widthOf(left.map(([, text]) => text).join('')) - widthOf(right[1]) - 1
  const first = line(...left, [undefined, ' '.repeat(Math.max(1, gap))], right)
  return testnet === '' ? [first] : [first, summary(state, columns)]
}

const words: Readonly<Record<string, string>> = {
  log: 'log',
  describe: 'describe',
  experiments: 'experiments',
  blocks: 'blocks',
  library: 'run an experiment',
  testnets: 'testnets',
}

/** When the source last answered; null before it did. */
export const dataAt = (state: State): number | null =>
  topOf(state).kind === 'testnets' ? state.testnetsAt : (state.picture?.at ?? null)

export const isStale = (state: State, now: number): boolean => {
  const at = dataAt(state)
  return state.lost !== undefined || (at !== null && now - at > STALE_MS)
}

function freshness(state: State, now: number): Span {
  const at = dataAt(state)
  if (at === null) return state.lost ? ['warn', `${glyphs.warn} no answer yet`] : ['dim', `${glyphs.idle} asking`]
  if (!isStale(state, now)) return ['good', `${glyphs.good} ${now - at < FRESH_MS ? 'live' : `${age(now - at)} old`}`]
  return ['warn', `${glyphs.warn} ${age(now - at)} old`]
}

function summary({ picture }: State, columns: number): Line {
  if (!picture) return line(['dim', ' waiting for the first answer'])
  const { conditions, ready, nodes, height, finalized, ageMs, state } = picture.report
  const flags = conditions.flatMap(({ name, holds }): Span[] => [[undefined, ' '], flag(holds, name)])
  const facts = [
    `${ready}/${nodes} ready`,
    ...(height === null ? [] : [`height ${height.max}`]),
    ...(finalized === null ? [] : [`final ${finalized}`]),
    age(ageMs),
  ]
  const lead: Span[] = flags.length > 0 ? flags : [['warn', ` ${glyphs.warn} ${state}`]]
  // The last ones are the least important.
  const room = columns - widthOf(lead.map(([, text]) => text).join('')) - 2
  while (facts.length > 1 && widthOf(facts.join(' · ')) > room) facts.pop()
  return line(...lead, ['dim', '  '], [undefined, facts.join(' · ')])
}
