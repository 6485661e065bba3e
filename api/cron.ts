// When a schedule is due: five fields as in crontab(5), in a time zone of the IANA database.
import { Cron } from 'croner'

/** What is wrong with the expression or the time zone; undefined when nothing is. */
export function problemOf(cron: string, timeZone: string): { of: 'zone' | 'cron'; message: string } | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch (error) {
    return { of: 'zone', message: (error as Error).message }
  }
  try {
    if (patternOf(cron, timeZone).nextRun(new Date(0)) === null) return { of: 'cron', message: 'there is no such day' }
  } catch (error) {
    return { of: 'cron', message: (error as Error).message.replace(/^CronPattern: /, '') }
  }
  return undefined
}

/** The first time after `after`, milliseconds since the epoch; undefined when there is none. */
export const nextTime = (cron: string, timeZone: string, after: number): number | undefined =>
  patternOf(cron, timeZone).nextRun(new Date(after))?.getTime()

/** The last time not after `until`, and after `after`; undefined when there is none. */
export function lastTime(cron: string, timeZone: string, after: number, until: number): number | undefined {
  const first = nextTime(cron, timeZone, after)
  if (first === undefined || first > until) return undefined
  // Looked for backwards from the end: of a schedule that was not served for long there may be very many between.
  // The library looks at whole seconds, and before the one it is given.
  const [last] = patternOf(cron, timeZone).previousRuns(1, new Date(until + 1_000))
  return last && last.getTime() > after ? last.getTime() : first
}

const patternOf = (cron: string, timeZone: string): Cron =>
  new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true })
