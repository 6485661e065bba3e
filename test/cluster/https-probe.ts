import { get } from 'node:https'

const PROBE_MS = 5_000

/** True when a GET of `url` with this bearer token is answered 200. The certificate is not looked at: it may be minutes old or not there yet. */
export const answers = (url: string, token: string): Promise<boolean> =>
  new Promise(resolve => {
    const headers = { authorization: `Bearer ${token}` }
    const request = get(url, { headers, rejectUnauthorized: false, timeout: PROBE_MS, agent: false }, response => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('error', () => resolve(false))
    request.on('timeout', () => request.destroy())
  })
