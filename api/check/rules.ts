// Rules between fields as an API server can judge them: CEL (https://kubernetes.io/docs/reference/using-api/cel/) in the
// custom resource definitions. Each restates a rule of the check functions beside this file, which stay the whole truth.
// An API server gives up on a rule whose cost it cannot bound, so what needs three nested lists stays with the operator.

export interface Rule {
  /** Where `self` is: `spec`, `spec.groups[]`. */
  readonly path: string
  readonly rule: string
  readonly message: string
  /** The field to blame, relative to `path`: `.weight`. */
  readonly fieldPath?: string
}

/** In CEL: is the field there, and whatever is around it? */
export const isGiven = (object: string, field: string): string => {
  const names = field.split('.')
  return names.map((_, index) => `has(${object}.${names.slice(0, index + 1).join('.')})`).join(' && ')
}

export interface KindRules {
  readonly rules: readonly Rule[]
  /** Lists whose items are told apart by these fields: duplicates are refused, and appliers may own single items. */
  readonly listKeys: Readonly<Record<string, readonly string[]>>
}
