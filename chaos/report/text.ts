// The verdict as lines for a terminal: the findings as a table, then the result.
import type { Finding, Result, Verdict } from '../../api/verdict.ts'

export interface TextOptions {
  /** Escape codes; false when the output is no terminal or NO_COLOR is set. */
  readonly color: boolean
  /** Columns; the widest texts wrap. */
  readonly width?: number
  /** Evidence of findings that passed as well. */
  readonly verbose?: boolean
}

type Tone = 'good' | 'bad' | 'open'

// Blue and orange rather than green and red, and always beside a glyph and a word: nobody needs to tell colours apart.
const codes: Readonly<Record<Tone, string>> = { good: '\u001b[34m', bad: '\u001b[38;5;208m', open: '\u001b[2m' }
const marks: Readonly<Record<Tone, string>> = { good: '✔', bad: '✘', open: '○' }
/** What stands before the value of a finding that matters and did not pass. */
const wordOf = ({ passed, needed }: Finding): string =>
  passed === false ? 'FAILED: ' : passed === null && needed ? 'not measured: ' : ''
const results: Readonly<Record<Result, readonly [Tone, string]>> = {
  passed: ['good', '✔ Passed'],
  failed: ['bad', '✘ Failed'],
  inconclusive: ['open', '○ Inconclusive'],
}
const fidelities: Readonly<Record<Verdict['fidelity'], string>> = {
  kernel: 'fidelity: kernel (its rules dropped and delayed packets)',
  userspace: 'fidelity: userspace (the nodes themselves held and delayed bytes, below encryption)',
}

const MIN_WIDTH = 60
const DEFAULT_WIDTH = 120

const toneOf = ({ passed }: Finding): Tone => (passed === null ? 'open' : passed ? 'good' : 'bad')

/** Ends with a newline. */
export function verdictText(verdict: Verdict, { color, width = DEFAULT_WIDTH, verbose = false }: TextOptions): string {
  const paint = (tone: Tone, text: string): string => (color ? `${codes[tone]}${text}\u001b[0m` : text)
  const titles = Math.max(...verdict.findings.map(({ title }) => title.length))
  const indent = titles + 4
  const columns = Math.max(MIN_WIDTH, width)
  const room = columns - indent
  const lines: string[] = []
  for (const finding of verdict.findings) {
    const tone = toneOf(finding)
    const [first = '', ...rest] = wrap(`${wordOf(finding)}${finding.value}`, room)
    lines.push(`${paint(tone, marks[tone])} ${finding.title.padEnd(titles)}  ${first}`)
    const more = [...rest, ...(finding.limit ? wrap(`limit: ${finding.limit}`, room) : [])]
    if (verbose || tone !== 'good') more.push(...finding.evidence.flatMap(line => wrap(`- ${line}`, room)))
    lines.push(...more.map(line => `${' '.repeat(indent)}${line}`))
  }
  const [tone, word] = results[verdict.result]
  const [head = '', ...tail] = wrap(`${word}: ${verdict.experiment} on ${verdict.testnet}: ${verdict.reason}`, columns)
  lines.push('', paint(tone, word) + head.slice(word.length), ...tail, ...wrap(fidelities[verdict.fidelity], columns))
  return `${lines.map(line => line.trimEnd()).join('\n')}\n`
}

/** Lines of at most `room` characters, broken between words where there are any. */
function wrap(text: string, room: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
