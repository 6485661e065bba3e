// The charts of a report with their titles, keys and notes.
import type { Verdict } from '../../../api/verdict.ts'
import type { Observations } from '../../verdict/observations.ts'
import { plural } from '../../verdict/wording.ts'
import { offset, type TimeAxis } from './axes.ts'
import { delayChart, reorgChart, reorgsByNode } from './bar-charts.ts'
import { type Branches, branchName } from './branches.ts'
import { canariesChart, canariesTable, fates } from './canaries-chart.ts'
import { delaySpreads } from './delays.ts'
import { headsChart, MAX_ROWS } from './heads-chart.ts'
import { branchKey, lineKey } from './key.ts'
import { heightsChart, peersChart } from './line-charts.ts'
import { element, escaped, textElement } from './markup.ts'
import { connectionsAcross, peersPerNode } from './peers.ts'
import { timelineOf } from './timeline.ts'

export const section = (title: string, ...children: readonly string[]): string =>
  element('section', {}, `${textElement('h2', {}, title)}\n`, children.join('\n'))
/** A chart with its title and key, kept together on paper. */
const figure = (title: string, ...children: readonly string[]): string =>
  element('figure', {}, `${textElement('h2', {}, title)}\n`, children.join('\n'))
const note = (text: string): string => textElement('p', { class: 'note' }, text)

export function headsSection(observations: Observations, branches: Branches, axis: TimeAxis): string {
  const all = observations.names.length
  const indexes = branches.lines.map(({ branch }) => branch)
  const silent = [...branches.runs.values()].some(runs => runs.some(({ branch }) => branch === null))
  return figure(
    'Heads by node',
    headsChart(observations, branches, axis),
    branchKey(indexes, silent),
    note(
      `Main is the branch that won; a branch of one block counts with it.${branches.count > indexes.length ? ` ${branches.count} branches in all.` : ''}${all > MAX_ROWS ? ` ${MAX_ROWS} of ${all} nodes are shown.` : ''}`,
    ),
  )
}

export const heightsSection = (observations: Observations, branches: Branches, axis: TimeAxis): string =>
  figure(
    'Heights',
    heightsChart(observations, branches, axis),
    lineKey([
      ...branches.lines.map(({ branch }) => ({ name: `highest head of ${branchName(branch)}`, style: `l${branch}` })),
      { name: 'finalized by all that answer', style: 'finalized' },
    ]),
  )

export function peersSection(observations: Observations, axis: TimeAxis): string {
  const across = connectionsAcross(observations)
  return figure(
    'Peers across the cut',
    peersChart(observations, across, peersPerNode(observations), axis),
    lineKey([
      { name: 'peers per node (median)', style: 'l0' },
      ...(across ? [{ name: 'pairs of nodes connected across the cut', style: 'l1' }] : []),
    ]),
    note(
      across
        ? 'A connection across is silent while the cut lasts; it counts until its ends give it up.'
        : 'No partition, or no event of a connection across: only peers per node are shown.',
    ),
  )
}

export function reorgSection(observations: Observations, limit: number | undefined): string {
  const reorgs = reorgsByNode(observations)
  const picture = reorgChart(reorgs, limit)
  return figure(
    'Reorganisation depth',
    picture ?? textElement('p', {}, 'No node reorganised since the faults began.'),
    note(limit === undefined ? 'No limit was set.' : `The limit is ${plural(limit, 'block')}.`),
  )
}

export function canariesSection(observations: Observations, axis: TimeAxis): string {
  const picture = canariesChart(observations, axis)
  if (!picture) return section('Fate of transactions', textElement('p', {}, 'No canary transaction was sent.'))
  const counts = new Map<keyof typeof fates, number>()
  for (const { fate } of observations.record.canaries) counts.set(fate, (counts.get(fate) ?? 0) + 1)
  const words = [...counts].map(([fate, count]) => `${fates[fate].glyph} ${count} ${fates[fate].words}`).join(', ')
  return section(
    'Fate of transactions',
    element('figure', {}, picture),
    textElement('p', {}, words),
    canariesTable(observations, axis.zero),
  )
}

export const delaySection = (observations: Observations): string =>
  figure(
    'Block delay before, during and after',
    delayChart(delaySpreads(observations)) ?? textElement('p', {}, 'No delivery of a block was recorded.'),
    note(
      'From the producer’s clock to each other node that took the block: half of the deliveries lie in the box, nine tenths between the whiskers.',
    ),
  )

export const timelineSection = (observations: Observations, verdict: Verdict, axis: TimeAxis): string =>
  section(
    'Timeline',
    element(
      'table',
      {},
      element(
        'thead',
        {},
        element('tr', {}, textElement('th', { scope: 'col' }, 'when'), textElement('th', { scope: 'col' }, 'what')),
      ),
      element(
        'tbody',
        {},
        ...timelineOf(observations, verdict).map(({ at, what }) =>
          element(
            'tr',
            {},
            textElement('td', { class: 'when' }, offset(at, axis.zero)),
            element('td', {}, escaped(what)),
          ),
        ),
      ),
    ),
    ...(observations.record.notes.length > 0
      ? [note(`Notes of the runner: ${observations.record.notes.slice(-8).join('; ')}`)]
      : []),
  )
