// Tokens that allow one experiment and say by when it must be over. Whoever holds the testnet's key makes them; the
// agent checks them with the key alone, so it has to ask nobody and remembers nothing of an experiment beforehand.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** Bytes of a key, at least. */
export const MIN_KEY_BYTES = 32
const MAX_TOKEN_LENGTH = 1_024
const PREFIX = 'trellis1'

const claimSchema = z.strictObject({
  /** Names the run, not the experiment's object: an ended run stays ended. */
  experiment: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9._]*[a-z0-9])?$/),
  /** When all is over whatever happens, milliseconds since the epoch. */
  notAfter: z.int().positive(),
})
export type Claim = z.infer<typeof claimSchema>

/** @throws RangeError for a key that is too short, ZodError for a claim that no token can carry */
export function mintToken(claim: Claim, key: Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(claimSchema.parse(claim))).toString('base64url')
  return `${PREFIX}.${payload}.${signature(payload, key).toString('base64url')}`
}

/** What the token allows; undefined when it was not made with the key. */
export function readToken(token: string, key: Uint8Array): Claim | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined
  const [prefix, payload, signed, rest] = token.split('.')
  if (prefix !== PREFIX || !payload || !signed || rest !== undefined) return undefined
  const expected = signature(payload, key)
  const given = Buffer.from(signed, 'base64url')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const claim = claimSchema.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString()))
  return claim.success ? claim.data : undefined
}

function signature(payload: string, key: Uint8Array): Buffer {
  if (key.length < MIN_KEY_BYTES) throw new RangeError(`the key has ${key.length} bytes; ${MIN_KEY_BYTES} at least`)
  return createHmac('sha256', key).update(`${PREFIX}.${payload}`).digest()
}
