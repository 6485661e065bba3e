// What is wrong with an input, where, and how to mend it. Everything people give us (files, flags, API objects)
// is refused with a list of these, all at once.

export type Path = readonly (string | number)[]

export interface Problem {
  /** The file as the caller named it. */
  readonly file: string
  /** 1-based; absent when the input has no lines. */
  readonly line?: number
  readonly column?: number
  /** Field, as in `spec.groups[1].count`; empty for the document itself. */
  readonly path: string
  /** What is wrong. */
  readonly message: string
  /** What to do about it. */
  readonly mend: string
}

/** A rule broken by a document that has the right shape; the parser adds the place. */
export interface Fault {
  readonly path: Path
  readonly message: string
  readonly mend: string
  /** Point at the field's name rather than at its value. */
  readonly atKey?: boolean
}

export class InputError extends Error {
  readonly code = 'invalid-input'
  readonly problems: readonly Problem[]
  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'))
    this.name = 'InputError'
    this.problems = problems
  }
}

/** `spec.groups[1].count` */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  )
}

/** `file.yaml:12:7: spec.groups[1].count: must be at least 1; write a number of nodes` */
export function formatProblem({ file, line, column, path, message, mend }: Problem): string {
  const place = [file, line, column].filter(part => part !== undefined).join(':')
  return `${place}: ${path === '' ? '' : `${path}: `}${message}${mend === '' ? '' : `; ${mend}`}`
}
