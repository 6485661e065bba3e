// Takes secrets out of what goes into an archive: by the name of their field, and wherever else their very text stands.
// Pure.

export const EMPTIED = '(emptied)'
/** Shorter texts are emptied only where a field names them: replaced everywhere they would take words of logs along. */
const MIN_LITERAL_CHARS = 16
/** Fields whose text is secret, in whatever object they stand. `seed`: all keys of a testnet derive from it. */
const secretField =
  /^(seed|token|adminToken|bearerToken|password|passphrase|secret|secretKey|privateKey|authorization)$/i
/** Fields below which every text is secret: a node's keys, and the accounts that a load node spends from. */
const secretBranch = (name: string, parent: string): boolean =>
  name === 'keys' || (name === 'accounts' && parent === 'load')
const secretVariable = /TOKEN|SECRET|PASSWORD|CREDENTIAL|PRIVATE_KEY/i
/** What a text alone shows to be secret. */
const bearer = /\b(Bearer|Basic)[ \t]+[A-Za-z0-9._~+/=-]{8,}/gi
const pem = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g
const run = /[A-Za-z0-9+/=_-]{16,}/g

type Visit = (text: string) => unknown

/** Every secret text of a value: a configuration, or an object of a cluster. */
export function secretsIn(value: unknown): string[] {
  const found: string[] = []
  walk(value, '', '', text => found.push(text))
  return found
}

/** Empties values and texts of the secrets that it was told of. */
export class Emptier {
  readonly #known = new Set<string>()
  readonly #lengths = new Set<number>()
  /** Secrets with other characters than keys have. */
  readonly #phrases: string[] = []

  /** Secrets must be known before what may repeat them is emptied. */
  learn(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      if (secret.length < MIN_LITERAL_CHARS || this.#known.has(secret)) continue
      this.#known.add(secret)
      if (/^[A-Za-z0-9+/=_-]+$/.test(secret)) this.#lengths.add(secret.length)
      else this.#phrases.push(secret)
    }
  }

  /** A copy without secrets, and without what repeats an object's fields (managedFields, the last applied). */
  value(value: unknown): unknown {
    const copy = walk(value, '', '', () => EMPTIED)
    return JSON.parse(this.text(JSON.stringify(copy ?? null)))
  }

  text(text: string): string {
    let result = text.replace(pem, EMPTIED).replace(bearer, (_all, scheme: string) => `${scheme} ${EMPTIED}`)
    for (const phrase of this.#phrases) {
      result = result.replaceAll(phrase, EMPTIED)
      // As it stands within a JSON text.
      result = result.replaceAll(JSON.stringify(phrase).slice(1, -1), EMPTIED)
    }
    return this.#lengths.size === 0 ? result : result.replace(run, word => this.#word(word))
  }

  #word(word: string): string {
    if (this.#known.has(word)) return EMPTIED
    for (const length of this.#lengths)
      for (let at = 0; at + length <= word.length; at++)
        if (this.#known.has(word.slice(at, at + length)))
          return this.#word(word.slice(0, at)) + EMPTIED + this.#word(word.slice(at + length))
    return word
  }
}

/** A copy with every secret text replaced by what `visit` gives for it. */
function walk(value: unknown, name: string, parent: string, visit: Visit): unknown {
  if (Array.isArray(value)) return value.map(item => walk(item, name, parent, visit))
  if (typeof value !== 'object' || value === null) return value
  const object = value as Record<string, unknown>
  const isSecret = object.kind === 'Secret'
  const copy: Record<string, unknown> = {}
  for (const [field, inner] of Object.entries(object)) {
    if (field === 'managedFields' || field === 'kubectl.kubernetes.io/last-applied-configuration') continue
    if (isSecret && (field === 'data' || field === 'stringData')) copy[field] = ofSecret(inner, field, visit)
    else if (secretBranch(field, name)) copy[field] = everyText(inner, visit)
    else if (isText(inner) && (secretField.test(field) || isVariable(object, field))) copy[field] = visit(String(inner))
    else copy[field] = walk(inner, field, name, visit)
  }
  return copy
}

const isText = (value: unknown): boolean => (typeof value === 'string' && value !== '') || typeof value === 'number'

/** The `value` of an environment variable whose name says what it is. */
const isVariable = (object: Record<string, unknown>, field: string): boolean =>
  field === 'value' && typeof object.name === 'string' && secretVariable.test(object.name)

function everyText(value: unknown, visit: Visit): unknown {
  if (typeof value === 'string') return value === '' ? value : visit(value)
  if (Array.isArray(value)) return value.map(item => everyText(item, visit))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, everyText(inner, visit)]))
}

/** The values of a Secret, as they are stored, as they are read, and what a JSON document in one of them holds. */
function ofSecret(data: unknown, field: string, visit: Visit): unknown {
  const entries = Object.entries((data ?? {}) as Record<string, unknown>)
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const stored = String(value)
      const read = field === 'data' ? Buffer.from(stored, 'base64').toString('utf8') : stored
      everyText(jsonOf(read), visit)
      visit(read)
      return [name, visit(stored)]
    }),
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
