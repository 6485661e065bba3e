// The agent's memory across its own restarts: rows, their ends by the monotonic clock, and the kernel's names for them.
// Times mean nothing after the machine started anew, and then there is nothing to take up either.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { linkRowSchema } from '../../api/node-config.ts'
import { isRecord } from './json.ts'
import { type LeasesState, noLeases } from './leases.ts'
import { type Numbering, noNumbers } from './plan.ts'

export interface AgentState {
  readonly leases: LeasesState
  readonly numbering: Numbering
}
export const noState: AgentState = { leases: noLeases, numbering: noNumbers }

const numbers = z.array(z.tuple([z.string(), z.int().positive()])).transform(entries => new Map(entries))
const held = z.strictObject({
  until: z.number(),
  untilWall: z.number(),
  rows: z.array(z.strictObject({ row: linkRowSchema, endsAt: z.number() })),
})
const fileSchema = z.strictObject({
  boot: z.string(),
  leases: z.strictObject({
    held: z.array(z.tuple([z.string(), held])),
    ended: z.array(z.tuple([z.string(), z.number()])),
  }),
  numbering: z.strictObject({ parts: numbers, shapes: numbers }),
})

/** Tells one start of the machine from another. */
const bootId = async (): Promise<string> => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()

/** What was saved since the machine started; nothing when there is no such file or it is not ours. @throws what reading the file throws */
export async function loadState(path: string): Promise<AgentState> {
  try {
    const file = fileSchema.safeParse(JSON.parse(await readFile(path, 'utf8')))
    if (!file.success || file.data.boot !== (await bootId())) return noState
    return { leases: file.data.leases as LeasesState, numbering: file.data.numbering }
  } catch (error) {
    const missing = isRecord(error) && error.code === 'ENOENT'
    if (missing || error instanceof SyntaxError) return noState
    throw error
  }
}

/** Replaces the file as a whole: a reader finds the old state or the new one. */
export async function saveState(path: string, { leases, numbering }: AgentState): Promise<void> {
  const { parts, shapes } = numbering
  const content = JSON.stringify({
    boot: await bootId(),
    leases,
    numbering: { parts: [...parts], shapes: [...shapes] },
  })
  await writeFile(`${path}.new`, content, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
