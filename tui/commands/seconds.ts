// An option that is a number of seconds.
import { InvalidArgumentError } from 'commander'

/** Milliseconds. @throws InvalidArgumentError */
export function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds > 0 && seconds <= 3_600)) throw new InvalidArgumentError('Expected seconds from 1 to 3600.')
  return seconds * 1_000
}
