// Elements as text. Whatever comes from a record is escaped here: node names and messages are other people's words.

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unholdable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g

/** Control characters that HTML cannot hold are left out. */
export const escaped = (text: string): string =>
  text.replace(unholdable, '').replace(/[&<>"]/g, character => entities[character]!)

export type Attributes = Readonly<Record<string, string | number | undefined>>

/** `children` are elements, or text that is escaped already. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly string[]): string {
  const list = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${typeof value === 'number' ? rounded(value) : escaped(value)}"`],
  )
  return `<${name}${list.join('')}>${children.join('')}</${name}>`
}

/** Text inside an element, escaped. */
export const textElement = (name: string, attributes: Attributes, text: string): string =>
  element(name, attributes, escaped(text))

/** A tenth of a pixel is enough, and keeps the file small. */
export const rounded = (value: number): string => String(Math.round(value * 10) / 10)
