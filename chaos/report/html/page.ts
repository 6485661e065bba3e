// The report of a run as one HTML file: no script, nothing loaded from anywhere, and a policy in the file that forbids both.
import { createHash } from 'node:crypto'
import type { RunRecord } from '../../../api/run.ts'
import type { Finding, Result, Verdict } from '../../../api/verdict.ts'
import { type Observations, observe } from '../../verdict/observations.ts'
import { plural, span } from '../../verdict/wording.ts'
import { offset, type TimeAxis, timeAxis } from './axes.ts'
import { delayChart, reorgChart, reorgsByNode } from './bar-charts.ts'
import { type Branches, branchesOf, branchName } from './branches.ts'
import { canariesChart, canariesTable, fates } from './canaries-chart.ts'
import { delaySpreads } from './delays.ts'
import { headsChart, MAX_ROWS } from './heads-chart.ts'
import { branchKey, lineKey, patterns } from './key.ts'
import { heightsChart, peersChart } from './line-charts.ts'
import { element, escaped, textElement } from './markup.ts'
import { connectionsAcross, peersPerNode } from './peers.ts'
import { style } from './style.ts'
import { timelineOf } from './timeline.ts'

const results: Readonly<Record<Result, string>> = {
  passed: '✔ Passed',
  failed: '✘ Failed',
  inconclusive: '○ Inconclusive',
}
const fidelities: Readonly<Record<Verdict['fidelity'], string>> = {
  kernel: 'kernel: its rules dropped and delayed packets',
  userspace: 'userspace: the nodes themselves held and delayed bytes, below encryption',
}

/** The whole report. `verdict` must be the judge's of this record. */
export function verdictHtml(record: RunRecord, verdict: Verdict): string {
  const observations = observe(record)
  const axis = timeAxis(observations)
  const branches = branchesOf(observations)
  const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`
  const title = `${results[verdict.result]}: ${verdict.experiment} on ${verdict.testnet}`
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    textElement('title', {}, title),
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    patterns(),
    header(record, verdict, observations),
    section('Findings', ...verdict.findings.map(finding)),
    headsSection(observations, branches, axis),
    heightsSection(observations, branches, axis),
    peersSection(observations, axis),
    reorgSection(observations, record.experiment.heal.maxReorgDepth),
    canariesSection(observations, axis),
    delaySection(observations),
    timelineSection(observations, verdict, axis),
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

const section = (title: string, ...children: readonly string[]): string =>
  element('section', {}, `${textElement('h2', {}, title)}\n`, children.join('\n'))
/** A chart with its title and key, kept together on paper. */
const figure = (title: string, ...children: readonly string[]): string =>
  element('figure', {}, `${textElement('h2', {}, title)}\n`, children.join('\n'))
const note = (text: string): string => textElement('p', { class: 'note' }, text)

function header(record: RunRecord, verdict: Verdict, { ended, faults }: Observations): string {
  const figures = (id: Finding['id']): Readonly<Record<string, number>> =>
    verdict.findings.find(entry => entry.id === id)?.figures ?? {}
  const healed = figures('one-head').tookMs
  const began = record.phases[0]?.at ?? ended
  const numbers: readonly (readonly [string, string])[] = [
    ['healed after', healed === undefined ? 'not healed' : span(healed)],
    ['deepest reorganisation', plural(figures('reorg-depth').deepestBlocks ?? 0, 'block')],
    [
      'transactions lost',
      figures('canaries').sent === undefined
        ? 'not sent'
        : `${figures('canaries').lost} of ${figures('canaries').sent}`,
    ],
    ['faults lasted', faults ? span(faults.to - faults.from) : 'not injected'],
    ['nodes', String(record.testnet.nodes.length)],
  ]
  return element(
    'header',
    {},
    textElement('p', { class: `result ${verdict.result}` }, results[verdict.result]),
    textElement('h1', {}, `${verdict.experiment} on ${verdict.testnet}`),
    textElement('p', { class: 'reason' }, verdict.reason),
    textElement(
      'p',
      { class: 'note' },
      `${new Date(began).toISOString().replace('T', ' ').slice(0, 19)} UTC, ${span(ended - began)} in all. Fidelity ${fidelities[verdict.fidelity]}. Times below count from the moment the faults began.`,
    ),
    element(
      'dl',
      { class: 'key-figures' },
      ...numbers.map(([name, value]) => element('div', {}, textElement('dt', {}, name), textElement('dd', {}, value))),
    ),
  )
}

function finding({ id, title, value, limit, passed, needed, evidence }: Finding): string {
  const [tone, mark, word] =
    passed === null
      ? (['open', '○', needed ? 'not measured' : 'not asked for'] as const)
      : passed
        ? (['good', '✔', 'passed'] as const)
        : (['bad', '✘', 'failed'] as const)
  return element(
    'div',
    { class: 'finding', id: `finding-${id}` },
    textElement('div', { class: `mark ${tone}`, 'aria-hidden': 'true' }, mark),
    element('div', {}, textElement('h3', {}, title), textElement('div', { class: `outcome ${tone}` }, word)),
    element(
      'div',
      { class: 'body' },
      textElement('p', {}, value),
      limit ? textElement('p', { class: 'note' }, `limit: ${limit}`) : '',
      evidence.length > 0 ? element('ul', {}, ...evidence.map(line => textElement('li', {}, line))) : '',
    ),
  )
}

function headsSection(observations: Observations, branches: Branches, axis: TimeAxis): string {
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

const heightsSection = (observations: Observations, branches: Branches, axis: TimeAxis): string =>
  figure(
    'Heights',
    heightsChart(observations, branches, axis),
    lineKey([
      ...branches.lines.map(({ branch }) => ({ name: `highest head of ${branchName(branch)}`, style: `l${branch}` })),
      { name: 'finalized by all that answer', style: 'finalized' },
    ]),
  )

function peersSection(observations: Observations, axis: TimeAxis): string {
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

function reorgSection(observations: Observations, limit: number | undefined): string {
  const reorgs = reorgsByNode(observations)
  const picture = reorgChart(reorgs, limit)
  return figure(
    'Reorganisation depth',
    picture ?? textElement('p', {}, 'No node reorganised since the faults began.'),
    note(limit === undefined ? 'No limit was set.' : `The limit is ${plural(limit, 'block')}.`),
  )
}

function canariesSection(observations: Observations, axis: TimeAxis): string {
  const picture = canariesChart(observations, axis)
  if (!picture) return section('Fate of transactions', textElement('p', {}, 'No canary transaction was sent.'))
  const counts = new Map<keyof typeof fates, number>()
  for (const { fate } of observations.record.canaries) counts.set(fate, (counts.get(fate) ?? 0) + 1)
  const words = [...counts].map(([fate, count]) => `${fates[fate].glyph} ${count} ${fates[fate].words}`).join(', ')
  return section(
    'Fate of transactions',
    figureless(picture),
    textElement('p', {}, words),
    canariesTable(observations, axis.zero),
  )
}
const figureless = (picture: string): string => element('figure', {}, picture)

const delaySection = (observations: Observations): string =>
  figure(
    'Block delay before, during and after',
    delayChart(delaySpreads(observations)) ?? textElement('p', {}, 'No delivery of a block was recorded.'),
    note(
      'From the producer’s clock to each other node that took the block: half of the deliveries lie in the box, nine tenths between the whiskers.',
    ),
  )

const timelineSection = (observations: Observations, verdict: Verdict, axis: TimeAxis): string =>
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
