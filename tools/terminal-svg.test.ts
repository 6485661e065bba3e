import { expect, test } from 'vitest'
import { terminalSvg } from './terminal-svg.ts'

const texts = (capture: string): string[][] =>
  [
    ...terminalSvg(capture, { columns: 20, title: 't' }).matchAll(
      /<text x="([\d.]+)" y="(\d+)" [^>]*?(fill.*?)>(.*?)</g,
    ),
  ].map(([, x, y, look, text]) => [x!, y!, look!, text!])

test('text stands in its cell, with its colour; what a line leaves on is on in the next', () => {
  const found = texts('\u001b[1mab\u001b[0m\u001b[34m c\n\u001b[38;5;208m<d>\u001b[39m e\u001b[7mx\n\n')
  expect(found).toEqual([
    ['14', '28', 'fill="#d8dee9" font-weight="bold"', 'ab'],
    ['30.8', '28', 'fill="#81a1c1"', '\u00a0c'],
    ['14', '46', 'fill="#d08770"', '&lt;d&gt;'],
    ['39.2', '46', 'fill="#d8dee9"', '\u00a0e'],
    ['56', '46', 'fill="#1b2230"', 'x'],
  ])
})

test('wide characters take two cells', () => expect(texts('東京\u001b[2mx').map(([x]) => x)).toEqual(['14', '47.6']))
