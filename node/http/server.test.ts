import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import { listen } from './server.ts'

test('a client that does not read its answer is closed and its answer forgotten', async () => {
  let ended = ''
  const server = await listen(
    (request, response) => {
      response.on('error', () => undefined)
      response.once('close', () => (ended = request.url ?? ''))
      response.end(Buffer.alloc(32 * 1024 * 1024))
    },
    { host: '127.0.0.1', port: 0, idleTimeoutMs: 100 },
  )
  const client = connect(server.port, server.host)
  try {
    await once(client, 'connect')
    client.pause()
    client.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n')
    await vi.waitFor(() => expect(ended).toBe('/large'), { timeout: 5_000 })
  } finally {
    client.destroy()
    await server.close()
  }
})
