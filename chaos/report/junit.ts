// The verdict as JUnit XML: one test suite, one case a finding. CI systems read failures, skips and errors from it, and
// follow a case over time by its name. docs/reports.md lists the names.
import type { Finding, Verdict } from '../../api/verdict.ts'

/** `seconds`: how long the run took. */
export function verdictJunit(verdict: Verdict, seconds: number): string {
  const suite = `${verdict.testnet}/${verdict.experiment}`
  const found = verdict.findings.filter(({ passed }) => passed === false).length
  // Where no finding tells why a run failed, its own case does.
  const unexplained = verdict.result === 'failed' && found === 0
  const failures = found + (unexplained ? 1 : 0)
  const skipped = verdict.findings.filter(({ passed }) => passed === null).length
  // An inconclusive run must not look green: it is an error of its own case, whatever the findings say.
  const inconclusive = verdict.result === 'inconclusive'
  const time = seconds.toFixed(3)
  const totals = `tests="${verdict.findings.length + 1}" failures="${failures}" errors="${inconclusive ? 1 : 0}" skipped="${skipped}" time="${time}"`
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name=${quoted(suite)} ${totals}>`,
    `    <properties><property name="fidelity" value=${quoted(verdict.fidelity)}/><property name="result" value=${quoted(verdict.result)}/></properties>`,
    ...verdict.findings.map(finding => testCase(suite, finding)),
    `    <testcase classname=${quoted(suite)} name="verdict" time="${time}">${inconclusive ? `<error message=${quoted(verdict.reason)}/>` : unexplained ? `<failure type="verdict" message=${quoted(verdict.reason)}/>` : ''}</testcase>`,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n')
}

/** Named by the finding's id, which stays; the title is for people and stands in the output. */
function testCase(suite: string, { id, title, value, limit, passed, evidence }: Finding): string {
  const outcome =
    passed === null
      ? `<skipped message=${quoted(`${title}: ${value}`)}/>`
      : passed
        ? ''
        : `<failure type=${quoted(id)} message=${quoted(`${title}: ${value}; limit: ${limit}`)}>${escaped(evidence.join('\n'))}</failure>`
  const output = passed
    ? `<system-out>${escaped([`${title}: ${value}`, `limit: ${limit}`, ...evidence].join('\n'))}</system-out>`
    : ''
  return `    <testcase classname=${quoted(suite)} name=${quoted(id)} time="0">${outcome}${output}</testcase>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
}

/** Characters that XML 1.0 cannot hold become question marks: some come from nodes. */
const holdable = (text: string): string =>
  [...text]
    .map(character =>
      /[\t\n\r\u0020-\ud7ff\ue000-\ufffd]/.test(character) || character.codePointAt(0)! > 0xffff ? character : '?',
    )
    .join('')

const escaped = (text: string): string => holdable(text).replace(/[&<>]/g, character => entities[character]!)
const quoted = (text: string): string => `"${holdable(text).replace(/[&<>"\n]/g, character => entities[character]!)}"`
