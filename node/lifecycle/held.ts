// A process that was started in place of one that was killed: it answers its administration port and shows that it lives,
// and does nothing else until the hold ends.
import type { NodeConfig } from '../../api/node-config.ts'
import { authorizer } from '../http/authorization.ts'
import { listen } from '../http/server.ts'
import { heldUntil, hold, release } from './hold-file.ts'
import { type LifecycleActs, lifecycleListener, lifeSigns } from './requests.ts'

/** The clock may be set meanwhile: the end is looked for this often. */
const LOOK_EVERY_MS = 100

/** Resolves when the node may start; at once when nothing holds it. @throws what the system says of a port */
export async function whileHeld(
  { dataDir, listen: { host, http, admin }, adminToken }: Pick<NodeConfig, 'dataDir' | 'listen' | 'adminToken'>,
  tell: (message: string, fields: Readonly<Record<string, unknown>>) => void,
): Promise<void> {
  let until = await heldUntil(dataDir, Date.now())
  if (until === undefined) return
  tell('held: it was killed and is to stay down', { until: new Date(until).toISOString() })
  const over = Promise.withResolvers<void>()
  const acts: LifecycleActs = {
    state: () => ({ state: 'killed', until: until ?? 0 }),
    kill: async later => {
      await hold(dataDir, later)
      until = later
      return undefined
    },
    revive: async () => {
      await release(dataDir)
      return () => over.resolve()
    },
    // It stands still already.
    pause: async () => undefined,
    resume: async () => undefined,
    restart: async () => undefined,
  }
  const servers = [
    await listen(lifecycleListener(acts, authorizer(adminToken)), { host, port: admin }),
    await listen(
      lifeSigns(response => response.writeHead(503).end()),
      { host, port: http },
    ),
  ]
  const timer = setInterval(() => {
    if (Date.now() >= (until ?? 0)) over.resolve()
  }, LOOK_EVERY_MS)
  await over.promise
  clearInterval(timer)
  await Promise.all(servers.map(server => server.close()))
  await release(dataDir)
  tell('released', {})
}
