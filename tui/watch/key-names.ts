// One name for a key press, whatever bytes the terminal sent for it.
import type { Key } from 'ink'

const named = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
  ['tab', 'tab'],
] as const satisfies readonly (readonly [keyof Key, string])[]

/** Several when text was pasted, or typed faster than it was read. */
export function keyNames(input: string, key: Key): readonly string[] {
  const found = named.find(([flag]) => key[flag])
  if (found) return [found[1]]
  if (key.ctrl) return input === '' ? [] : [`ctrl-${input.toLowerCase()}`]
  if (key.meta) return []
  return Array.from(input, character => (character === '\r' || character === '\n' ? 'enter' : character))
}
