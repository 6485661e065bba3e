// Text of one file -> the documents in it as typed values, or everything that is wrong with them at once.
import { type Document, isScalar, LineCounter, parseAllDocuments, type YAMLError } from 'yaml'
import type { z } from 'zod'
import { type Fault, formatPath, InputError, type Path, type Problem } from './errors.ts'
import { didYouMean, explain, type FieldHint } from './explain.ts'
import { apiVersion } from './metadata.ts'
import { placeOf } from './yaml-place.ts'

export { apiVersion }

/** A file larger than this is refused before it is read as YAML. */
export const MAX_INPUT_CHARS = 1_048_576
export const MAX_DOCUMENTS = 64
/** Syntax errors told per document: what follows the first few is mostly their echo. */
const MAX_SYNTAX_PROBLEMS = 3
/** Aliases are expanded at most this often in all: an alias bomb ends here. */
const MAX_ALIAS_EXPANSIONS = 100
/** Further problems are counted, not listed. */
export const MAX_PROBLEMS = 100

/** A kind of document: its shape, and the rules a shape cannot say. */
export interface Kind<T> {
  readonly kind: string
  readonly schema: z.ZodType<T>
  /** Rules between fields; called only for documents of the right shape. */
  check?(value: T): Fault[]
  /** The mend for a field or value that is known but does not apply at `path`. */
  readonly hint?: FieldHint
}

export interface Parsed<T> {
  readonly kind: string
  readonly value: T
  /** As it is written: without defaults. */
  readonly plain: object
  /** A problem of this document found later, at its place in the file. */
  problem(fault: Fault): Problem
}

/**
 * Every document of the file, parsed as the kind it names. `file` is used in messages only.
 * @throws InputError with all problems of all documents, at most MAX_PROBLEMS, in the file's order.
 */
export function parseDocuments<T>(text: string, file: string, kinds: readonly Kind<T>[]): Parsed<T>[] {
  const whole = (message: string, mend: string): InputError => new InputError([{ file, path: '', message, mend }])
  if (text.length > MAX_INPUT_CHARS)
    throw whole(`has ${text.length} characters, more than ${MAX_INPUT_CHARS}`, 'split it')
  const lines = new LineCounter()
  const documents = [
    ...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' }),
  ] as Document[]
  if (documents.length > MAX_DOCUMENTS)
    throw whole(`has ${documents.length} documents, more than ${MAX_DOCUMENTS}`, 'split it')

  const problems: Problem[] = []
  const parsed: Parsed<T>[] = []
  for (const document of documents) {
    const problem = ({ path, message, mend, atKey }: Fault): Problem => ({
      file,
      ...placeOf(document, lines, path, atKey),
      path: formatPath(path),
      message,
      mend,
    })
    if (document.errors.length + document.warnings.length > 0) {
      const errors = [...document.errors, ...document.warnings].slice(0, MAX_SYNTAX_PROBLEMS)
      problems.push(...errors.map(error => syntaxProblem(error, file, lines)))
      continue
    }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) continue
    const result = parseOne(document, kinds)
    if ('faults' in result) problems.push(...result.faults.map(problem))
    else parsed.push({ ...result, problem })
  }
  if (problems.length > 0) throw new InputError(bounded(problems, file))
  if (parsed.length === 0) throw whole('is empty', `describe one of ${kinds.map(({ kind }) => kind).join(', ')}`)
  return parsed
}

function parseOne<T>(
  document: Document,
  kinds: readonly Kind<T>[],
): { kind: string; value: T; plain: object } | { faults: Fault[] } {
  const fault = (path: Path, message: string, mend: string, atKey = false): { faults: Fault[] } => ({
    faults: [{ path, message, mend, atKey }],
  })
  let plain: unknown
  try {
    plain = document.toJS({ maxAliasCount: MAX_ALIAS_EXPANSIONS })
  } catch (error) {
    return fault([], `its aliases cannot be expanded: ${(error as Error).message}`, 'write the repeated part out')
  }
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    return fault(
      [],
      'expected fields such as apiVersion, kind, metadata and spec',
      `begin with \`apiVersion: ${apiVersion}\``,
    )
  }
  const names = kinds.map(({ kind }) => kind)
  const head = plain as { kind?: unknown }
  const kind = kinds.find(candidate => candidate.kind === head.kind)
  if (!kind) {
    if (head.kind === undefined) return fault(['kind'], 'is missing', `add \`kind: ${names[0]}\``)
    return fault(
      ['kind'],
      `${JSON.stringify(head.kind)} is not a kind of ${apiVersion}`,
      didYouMean(String(head.kind), names) ?? `choose one of ${names.join(', ')}`,
    )
  }
  const result = kind.schema.safeParse(plain)
  if (!result.success) {
    return {
      faults: result.error.issues.flatMap(issue => explain(issue, kind.schema, plain, kind.hint ?? (() => undefined))),
    }
  }
  const faults = kind.check?.(result.data) ?? []
  return faults.length > 0 ? { faults } : { kind: kind.kind, value: result.data, plain }
}

const syntaxMends: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  DUPLICATE_KEY: 'keep one of the two',
  BAD_INDENT: 'align it with the fields beside it',
  MISSING_CHAR: 'close the quote or bracket',
  TAG_RESOLVE_FAILED: 'remove the tag',
}

function syntaxProblem({ code, message, pos }: YAMLError, file: string, lines: LineCounter): Problem {
  const { line, col } = lines.linePos(pos[0])
  return {
    file,
    line,
    column: col,
    path: '',
    message: `is not valid YAML: ${message}`,
    mend: syntaxMends[code] ?? 'check quotes, colons and indentation there',
  }
}

function bounded(problems: readonly Problem[], file: string): Problem[] {
  const sorted = [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  if (sorted.length <= MAX_PROBLEMS) return sorted
  return [
    ...sorted.slice(0, MAX_PROBLEMS),
    { file, path: '', message: `has ${sorted.length - MAX_PROBLEMS} more problems`, mend: 'mend these first' },
  ]
}
