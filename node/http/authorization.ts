// Who may ask on the administration port: who has the token, or, without one, whoever is on this machine and no web page.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { HttpError } from './errors.ts'

/** Throws HttpError for a request that may not be. */
export const authorizer = (token: string | undefined): ((request: IncomingMessage) => void) =>
  token === undefined ? refuseBrowsers : bearer(token)

/**
 * Without a token the loopback address is the only guard, and any web page may send requests there: from its own origin,
 * or from a name of its own that it lets resolve to this address (DNS rebinding), which shows in the Host header.
 */
function refuseBrowsers({ headers }: IncomingMessage): void {
  const { origin, host = '' } = headers
  const foreign = origin !== undefined || headers['sec-fetch-site'] !== undefined || !namesMachine(host)
  if (foreign) throw new HttpError('unauthorized', 'requests from web pages are refused; set adminToken')
}

/** An address or localhost, with or without a port: nobody else's name. */
function namesMachine(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isIP(name) !== 0
}

function bearer(token: string): (request: IncomingMessage) => void {
  const expected = digest(token)
  return ({ headers }) => {
    const given = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
    // Digests of equal length compared in constant time: the answer's time says nothing of the token.
    const right = given !== undefined && timingSafeEqual(digest(given), expected)
    if (!right) throw new HttpError('unauthorized', 'authorization: expected "Bearer" and the administration token')
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
