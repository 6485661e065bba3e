// Colours and glyphs. Every colour stands beside a glyph or a word, and blue and orange rather than green and red tell
// good from bad, so that nothing depends on seeing colour.

export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'strong' | 'accent' | 'chosen'

const codes: Readonly<Record<Tone, string>> = {
  good: '34',
  bad: '38;5;208',
  warn: '33',
  dim: '2',
  strong: '1',
  accent: '36',
  chosen: '7',
}

export const glyphs = { good: '●', bad: '✗', warn: '▲', idle: '○', paused: '‖' } as const

export type Paint = (tone: Tone, text: string) => string

export const plain: Paint = (_tone, text) => text
export const coloured: Paint = (tone, text) => `\u001b[${codes[tone]}m${text}\u001b[0m`

/** NO_COLOR (no-color.org) and TERM=dumb win over a terminal, FORCE_COLOR over its absence. */
export function choosePaint(env: NodeJS.ProcessEnv, isTty: boolean): Paint {
  if (env.NO_COLOR || env.TERM === 'dumb') return plain
  return isTty || (env.FORCE_COLOR && env.FORCE_COLOR !== '0') ? coloured : plain
}
