// Patterns that stand beside the colours, and the keys under the charts.
import { branchName, MAX_BRANCHES } from './branches.ts'
import { marker } from './line-charts.ts'
import { element, escaped } from './markup.ts'

/** One for each branch but the main one, which is plain, and one for no answer. */
const drawings: readonly string[] = [
  element('path', { class: 'ink', d: 'M-2 2L2 -2M0 8L8 0M6 10L10 6' }),
  element('circle', { class: 'dot', cx: 2, cy: 2, r: 1.3 }) + element('circle', { class: 'dot', cx: 6, cy: 6, r: 1.3 }),
  element('path', { class: 'ink', d: 'M0 4H8' }),
  element('path', { class: 'ink', d: 'M4 0V8' }),
  element('path', { class: 'ink', d: 'M0 0L8 8M-2 6L2 10M6 -2L10 2' }),
  element('path', { class: 'ink', d: 'M0 4H8M4 0V8' }),
  element('path', { class: 'ink', d: 'M0 0L8 8M0 8L8 0' }),
]

export function patterns(): string {
  const pattern = (id: string, drawing: string): string =>
    element('pattern', { id, width: 8, height: 8, patternUnits: 'userSpaceOnUse' }, drawing)
  return element(
    'svg',
    { class: 'defs', 'aria-hidden': 'true' },
    element(
      'defs',
      {},
      ...drawings.slice(0, MAX_BRANCHES + 1).map((drawing, index) => pattern(`branch-${index + 1}`, drawing)),
      pattern('silent', element('path', { class: 'faint', d: 'M0 8L8 0' })),
    ),
  )
}

const entry = (picture: string, name: string): string =>
  element('li', {}, element('svg', { viewBox: '0 0 26 14', 'aria-hidden': 'true' }, picture), escaped(name))

export function branchKey(branches: readonly number[], silent: boolean): string {
  const box = { x: 0, y: 0, width: 26, height: 14 }
  return element(
    'ul',
    { class: 'key' },
    ...branches.map(branch =>
      entry(
        element('rect', { class: `b${branch}`, ...box }) +
          (branch === 0 ? '' : element('rect', { fill: `url(#branch-${branch})`, ...box })),
        branch === 0 ? 'main' : branch > MAX_BRANCHES ? 'others' : `branch ${branchName(branch)}`,
      ),
    ),
    ...(silent
      ? [
          entry(
            element('rect', { class: 'silent', ...box }) + element('rect', { fill: 'url(#silent)', ...box }),
            'no answer',
          ),
        ]
      : []),
    entry(element('rect', { class: 'band', ...box }), 'a fault in force'),
  )
}

/** In the order in which the chart draws them: that gives each its marker. */
export const lineKey = (lines: readonly { readonly name: string; readonly style: string }[]): string =>
  element(
    'ul',
    { class: 'key' },
    ...lines.map(({ name, style }, shape) =>
      entry(element('path', { class: `line ${style}`, d: 'M0 7H26' }) + marker(shape, 13, 7, style), name),
    ),
  )
