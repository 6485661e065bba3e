// Asks a running supervisor to do something.
import { z } from 'zod'
import { LocalError } from './errors.ts'
import { controlFile, readJson } from './state-folder.ts'
import type { NodeAction } from './supervised-node.ts'

const REQUEST_TIMEOUT_MS = 15_000
const control = z.object({ url: z.url(), token: z.string() })

/** Resolves when the supervisor is on its way down. Throws LocalError `supervisor-gone` when it does not answer. */
export async function askStop(folder: string, keepData: boolean): Promise<void> {
  await post(folder, `/stop?keepData=${keepData}`)
}

/** Resolves when the action is done; a kill or a pause ends by itself at `until`, milliseconds since the epoch. Throws LocalError when the supervisor is gone, Error when it refused. */
export async function askNode(folder: string, node: string, action: NodeAction, until?: number): Promise<void> {
  const query = until === undefined ? '' : `?until=${Math.ceil(until)}`
  await post(folder, `/nodes/${encodeURIComponent(node)}/${action}${query}`)
}

async function post(folder: string, path: string): Promise<void> {
  const parsed = control.safeParse(readJson(controlFile(folder)))
  if (!parsed.success) throw gone(folder, 'it has no control endpoint')
  let answer: Response
  try {
    answer = await fetch(parsed.data.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${parsed.data.token}` },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
  } catch (error) {
    throw gone(folder, (error as Error).message)
  }
  const body = (await answer.json().catch(() => ({}))) as { error?: string }
  if (!answer.ok) throw new Error(body.error ?? `the supervisor answered ${answer.status}`)
}

const gone = (folder: string, detail: string): LocalError =>
  new LocalError(
    'supervisor-gone',
    `the supervisor of ${folder} does not answer: ${detail}`,
    'clear up with `trellis down`',
  )
