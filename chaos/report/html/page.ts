// The report of a run as one HTML file: no script, nothing loaded from anywhere, and a policy in the file that forbids both.
import { createHash } from 'node:crypto'
import type { RunRecord } from '../../../api/run.ts'
import type { Finding, Result, Verdict } from '../../../api/verdict.ts'
import { type Observations, observe } from '../../verdict/observations.ts'
import { plural, span } from '../../verdict/wording.ts'
import { timeAxis } from './axes.ts'
import { branchesOf } from './branches.ts'
import { patterns } from './key.ts'
import { element, textElement } from './markup.ts'
import {
  canariesSection,
  delaySection,
  headsSection,
  heightsSection,
  peersSection,
  reorgSection,
  section,
  timelineSection,
} from './sections.ts'
import { style } from './style.ts'

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
