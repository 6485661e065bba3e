// /healthz, /readyz and /metrics of the operator.
import { type Answer, metricsAnswer, type PlainServer, servePlain } from '../../plain-server.ts'

/** Undefined when all is well, else what is wrong. */
export type Check = () => string | undefined

export interface HealthOptions {
  readonly host: string
  readonly port: number
  /** Failing means: restart this process. */
  readonly live: Readonly<Record<string, Check>>
  /** Failing means: leave it alone, but do not count on it. */
  readonly ready: Readonly<Record<string, Check>>
  /** The exposition. */
  readonly scrape: () => Promise<string>
}

/** @throws what the system says: EADDRINUSE, EACCES */
export const serveHealth = ({ host, port, live, ready, scrape }: HealthOptions): Promise<PlainServer> =>
  servePlain(host, port, {
    '/healthz': () => report(live),
    '/readyz': () => report(ready),
    '/metrics': async () => metricsAnswer(await scrape()),
  })

/** One line a check, as the API server's own health endpoints have it. */
function report(checks: Readonly<Record<string, Check>>): Answer {
  const results = Object.entries(checks).map(([name, check]) => ({ name, problem: check() }))
  const lines = results.map(({ name, problem }) => (problem ? `[-]${name} failed: ${problem}` : `[+]${name} ok`))
  return { status: results.some(({ problem }) => problem) ? 503 : 200, body: `${lines.join('\n')}\n` }
}
