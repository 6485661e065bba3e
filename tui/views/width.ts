// Columns a text takes on a terminal: wide characters take two, combining marks none (Unicode TR11, TR29).
import { stripVTControlCharacters } from 'node:util'

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** By far the most common: printable ASCII, and the Latin letters, arrows, boxes and shapes that take one column each. */
const narrow = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2026\u203a\u2190-\u21ff\u2500-\u25fc\u276f]*$/

/** Columns of one line; colour codes take none. */
export function widthOf(text: string): number {
  if (narrow.test(text)) return text.length
  const visible = stripVTControlCharacters(text)
  let width = 0
  for (const { segment } of segmenter.segment(visible)) width += graphemeWidth(segment)
  return width
}

/** At most `columns` wide, with an ellipsis where something was left out. For text without colour codes. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  let kept = ''
  let width = 0
  for (const { segment } of segmenter.segment(text)) {
    const next = graphemeWidth(segment)
    if (width + next > columns - 1) break
    kept += segment
    width += next
  }
  return columns > 0 ? `${kept}…` : ''
}

export const padEnd = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - widthOf(text)))
export const padStart = (text: string, columns: number): string =>
  ' '.repeat(Math.max(0, columns - widthOf(text))) + text

function graphemeWidth(segment: string): number {
  const code = segment.codePointAt(0) ?? 0
  if (code < 0x20 || (code >= 0x7f && code < 0xa0) || /^[\p{Mn}\p{Me}\p{Cf}]/u.test(segment)) return 0
  return isWide(code) || /\p{Emoji_Presentation}|\ufe0f/u.test(segment) ? 2 : 1
}

/** The blocks of East Asian Wide and Fullwidth characters. */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0x303e) ||
    (code >= 0x3041 && code <= 0xa4cf && code !== 0x303f) ||
    (code >= 0xa960 && code <= 0xa97c) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x20000 && code <= 0x3fffd)
  )
}
