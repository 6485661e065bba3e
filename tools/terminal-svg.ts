// A captured screen of a terminal as an SVG picture: text stays text. Pure.
import { widthOf } from '../tui/views/width.ts'

const CELL = { width: 8.4, height: 18, font: 14 } as const
const MARGIN = 14
const ink = '#d8dee9'
const paper = '#1b2230'
/** Of the codes of tui/theme.ts, and those of tmux for the same. */
const palette: Readonly<Record<string, string>> = {
  '33': '#ebcb8b',
  '34': '#81a1c1',
  '36': '#88c0d0',
  '38;5;208': '#d08770',
}

interface Style {
  readonly colour: string
  readonly bold: boolean
  readonly dim: boolean
  readonly inverse: boolean
}
const bare: Style = { colour: ink, bold: false, dim: false, inverse: false }

interface Piece {
  readonly style: Style
  readonly text: string
}

/** `capture`: what `tmux capture-pane -p -e` gives. */
export function terminalSvg(capture: string, { columns, title }: { columns: number; title: string }): string {
  const lines = capture.replace(/\n+$/, '').split('\n')
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN)
  const height = lines.length * CELL.height + 2 * MARGIN
  let style = bare
  const rows = lines.map((text, row) => {
    const { pieces, end } = piecesOf(text, style)
    style = end
    return drawn(pieces, MARGIN + row * CELL.height)
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${paper}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${CELL.font}">
${rows.filter(Boolean).join('\n')}
</g>
</svg>
`
}

function piecesOf(text: string, before: Style): { readonly pieces: readonly Piece[]; readonly end: Style } {
  const pieces: Piece[] = []
  let style = before
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
  for (const [, codes, plain = ''] of text.matchAll(/(?:\u001b\[([0-9;]*)m)?([^\u001b]*)/g)) {
    if (codes !== undefined) style = styled(style, codes)
    if (plain !== '') pieces.push({ style, text: plain })
  }
  return { pieces, end: style }
}

function styled(style: Style, codes: string): Style {
  const [first = '0', ...rest] = codes.split(';')
  if (first === '38') return { ...style, colour: palette[codes] ?? ink }
  const one = ((): Style => {
    switch (first) {
      case '':
      case '0':
        return bare
      case '1':
        return { ...style, bold: true }
      case '2':
        return { ...style, dim: true }
      case '7':
        return { ...style, inverse: true }
      case '22':
        return { ...style, bold: false, dim: false }
      case '27':
        return { ...style, inverse: false }
      default:
        return { ...style, colour: palette[first] ?? ink }
    }
  })()
  return rest.length > 0 ? styled(one, rest.join(';')) : one
}

function drawn(pieces: readonly Piece[], top: number): string {
  let column = 0
  const parts = pieces.map(({ style, text }) => {
    const x = MARGIN + column * CELL.width
    const width = widthOf(text) * CELL.width
    column += widthOf(text)
    const box = style.inverse
      ? `<rect x="${fixed(x)}" y="${top}" width="${fixed(width)}" height="${CELL.height}" fill="${style.colour}"/>`
      : ''
    if (text.trim() === '') return box
    const look = [
      `fill="${style.inverse ? paper : style.colour}"`,
      ...(style.bold ? ['font-weight="bold"'] : []),
      ...(style.dim ? ['opacity="0.6"'] : []),
    ].join(' ')
    // A font that is wider or narrower does not move what follows.
    const size = `textLength="${fixed(width)}" lengthAdjust="spacingAndGlyphs"`
    return `${box}<text x="${fixed(x)}" y="${top + CELL.font}" ${size} ${look}>${escaped(text).replaceAll(' ', NO_BREAK)}</text>`
  })
  return parts.join('')
}

/** Spaces at ends and in rows would be collapsed, by some browsers whatever the style says. */
const NO_BREAK = '\u00a0'

const fixed = (value: number): string => String(Math.round(value * 10) / 10)
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
