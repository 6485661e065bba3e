// How far campaigns go: a few seeds in every test run, all of them when TRELLIS_CAMPAIGN=full. A failure names its seed;
// TRELLIS_SEED=<seed> runs that one alone.
import { seededRng, shuffled } from '../../api/random.ts'

const { TRELLIS_CAMPAIGN, TRELLIS_SEED } = process.env
export const isFull = TRELLIS_CAMPAIGN === 'full'

/** Seeds `<name>-0` and so on: `few` of them, or `many`. */
export function seeds(name: string, few: number, many: number): string[] {
  if (TRELLIS_SEED) return TRELLIS_SEED.startsWith(`${name}-`) ? [TRELLIS_SEED] : []
  return Array.from({ length: isFull ? many : few }, (_, index) => `${name}-${index}`)
}

/** Some of the cases, drawn by the seed; all of them in a full campaign. */
export const sample = <T>(cases: readonly T[], few: number, seed: string): T[] =>
  isFull ? [...cases] : shuffled([...cases], seededRng(seed)).slice(0, few)

/** Runs them, so many at a time; the first failure is thrown when all have ended. */
export async function side<T>(atOnce: number, cases: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const queue = cases[Symbol.iterator]()
  const errors: unknown[] = []
  const worker = async () => {
    for (const one of queue)
      await run(one).catch(error =>
        errors.push(new Error(`${JSON.stringify(one)}: ${error.message}`, { cause: error })),
      )
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  if (errors.length > 0) throw errors[0]
}
