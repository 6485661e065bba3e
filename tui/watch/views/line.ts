// One line of the screen as pieces with a tone; painted and cut in one place, so that no view can break the frame.
import { glyphs, type Paint, type Tone } from '../../theme.ts'
import { cut, widthOf } from '../../views/width.ts'

export type Span = readonly [tone: Tone | undefined, text: string]

export interface Line {
  readonly spans: readonly Span[]
  /** Under the cursor: the whole width is shown the other way round. */
  readonly chosen?: boolean
  /** What it says may no longer hold: no tone but dim. */
  readonly stale?: boolean
}

export const line = (...spans: readonly (Span | string)[]): Line => ({
  spans: spans.map(span => (typeof span === 'string' ? [undefined, span] : span)),
})

export const empty: Line = { spans: [] }

/** A title with a rule through the whole width. */
export function rule(title: string, columns: number, right = ''): Line {
  const shown = cut(title, Math.max(0, columns - 6))
  const end = right === '' || widthOf(shown) + widthOf(right) + 10 > columns ? '' : ` ${right} ──`
  const rest = Math.max(0, columns - widthOf(shown) - widthOf(end) - 4)
  return line(['dim', '── '], ['strong', shown], ['dim', ` ${'─'.repeat(rest)}${end}`])
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what nodes say may hold them, and must not move the cursor
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/** The line as text of at most `columns`. */
export function paintLine({ spans, chosen, stale }: Line, columns: number, paint: Paint): string {
  let left = columns
  const pieces: Span[] = []
  for (const [tone, text] of spans) {
    if (left <= 0) break
    const clean = text.replace(control, ' ')
    const width = widthOf(clean)
    const fitting = width > left ? cut(clean, left) : clean
    pieces.push([tone, fitting])
    left -= widthOf(fitting)
  }
  const bare = pieces.map(([, text]) => text).join('')
  if (chosen) return paint('chosen', `${bare}${' '.repeat(Math.max(0, left))}`)
  if (stale) return paint('dim', bare)
  return pieces.map(([tone, text]) => (tone === undefined || text === '' ? text : paint(tone, text))).join('')
}

/** A word that holds or does not, with its glyph. */
export const flag = (holds: boolean, text: string): Span =>
  holds ? ['good', `${glyphs.good} ${text}`] : ['warn', `${glyphs.warn} ${text}`]
