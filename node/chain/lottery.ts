// Who may produce the next block, and when: a PoET-like lottery. Each validator signs the parent; the hash of the
// signature is its uniform draw u, and it waits -ln(u) * difficulty / weight. The shortest of exponential waits is
// exponential with the sum of the weights, so the mean interval is difficulty / total weight.
// Source: design.md ("verifiable exponential wait from a signature over the parent, weighted"); Chen et al., "On Security
// Analysis of Proof-of-Elapsed-Time", 2017. Integers only: consensus must not depend on a platform's logarithm.
import { digest } from '@chainsafe/as-sha256'
import { MAX_UINT } from './bounds.ts'

const FRACTION_BITS = 32n
const DRAW_BITS = 64n
/** ln 2 * 2^64. */
const LN2 = 12_786_308_645_202_655_660n

/**
 * -ln(draw / 2^64) * 2^32, rounded up, for 1 <= draw <= 2^64. Never negative; error below 2^-31.
 */
export function negativeLog(draw: bigint): bigint {
  const whole = BigInt(draw.toString(2).length - 1)
  // The mantissa in [1, 2) with 64 fractional bits; squaring it shifts one binary digit of its log2 out at a time.
  let mantissa = (draw << DRAW_BITS) >> whole
  let log2 = whole
  for (let bit = 0n; bit < FRACTION_BITS; bit++) {
    mantissa = (mantissa * mantissa) >> DRAW_BITS
    log2 <<= 1n
    if (mantissa >> (DRAW_BITS + 1n)) {
      log2 |= 1n
      mantissa >>= 1n
    }
  }
  return (((DRAW_BITS << FRACTION_BITS) - log2) * LN2) >> 64n
}

/** The ticket's draw, 1 to 2^64. */
export function drawOf(ticket: Uint8Array): bigint {
  const hash = digest(ticket)
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(0) + 1n
}

/**
 * Milliseconds the ticket's owner has to wait after its parent's timestamp, at least 1.
 * An ed25519 signer can make several valid signatures of one message, so a dishonest producer can draw more than once;
 * the signature makes the draw checkable by everyone, not unique. A testnet can live with that, a public chain needs a VRF.
 */
export function waitOf(ticket: Uint8Array, difficulty: number, weight: number): number {
  const wait = (negativeLog(drawOf(ticket)) * BigInt(difficulty)) / (BigInt(weight) << FRACTION_BITS)
  return wait < 1n ? 1 : Number(wait)
}

/** Gain of the retarget: a change of the total weight is followed with a time constant of 16 blocks. */
const GAIN = 16n
/** One interval counts at most this many target intervals: the exponential's tail beyond it is 0.03 %. */
const INTERVAL_CAP = 8n

/**
 * Difficulty, in weight·ms, of the child of a block that took `intervalMs` at `difficulty`: D + D*(T - min(dt, 8T)) / 16T,
 * at least 1.
 */
export function retarget(difficulty: number, intervalMs: number, targetMs: number): number {
  const target = BigInt(targetMs)
  const limit = INTERVAL_CAP * target
  const interval = BigInt(intervalMs) < limit ? BigInt(intervalMs) : limit
  const current = BigInt(difficulty)
  const next = current + (current * (target - interval)) / (GAIN * target)
  return Math.max(1, Math.min(Number(next), MAX_UINT))
}
