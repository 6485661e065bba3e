// Where in the text of a YAML document the value or the name of a field stands.
import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type Node } from 'yaml'
import type { Path } from './errors.ts'

export interface Place {
  /** 1-based. */
  readonly line: number
  readonly column: number
}

/**
 * The place of the field at `path`: its value, or its name when `atKey`. A field that is not there has the place of
 * the nearest parent that is.
 */
export function placeOf(document: Document, lines: LineCounter, path: Path, atKey = false): Place {
  const resolve = (node: unknown): Node | undefined =>
    isAlias(node) ? (node.resolve(document) ?? undefined) : ((node as Node | null) ?? undefined)
  let node = resolve(document.contents)
  let offset = node?.range?.[0] ?? document.range?.[0] ?? 0
  for (const [index, part] of path.entries()) {
    const last = index === path.length - 1
    let found: unknown
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? String(key.value) : String(key)) === String(part))
      const key = pair?.key as Node | undefined
      // A value left empty has no text of its own: its key stands for it.
      const target = (last && atKey) || !pair?.value || isEmpty(pair.value) ? key : (pair.value as Node)
      if (target?.range) offset = target.range[0]
      found = pair?.value
    } else if (isSeq(node)) {
      found = node.items[Number(part)]
      offset = (found as Node | undefined)?.range?.[0] ?? offset
    }
    if (!found) break
    node = resolve(found)
  }
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}

const isEmpty = (node: unknown): boolean => isScalar(node) && node.value === null && node.source === ''
