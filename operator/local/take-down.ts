// Ends a testnet from outside its supervisor, also when the supervisor died: nothing runs and nothing lies about after.
import { sep } from 'node:path'
import { askStop } from './control-client.ts'
import { LocalError } from './errors.ts'
import { findByArgument, isAlive, signalProcess } from './process-identity.ts'
import { type ProcessRef, readRecord, writeRecord } from './record.ts'
import { nodeFolder, removeFolder } from './state-folder.ts'
import { STOP_GRACE_MS } from './supervised-node.ts'
import { emptyTargets } from './targets-file.ts'
import type { LocalTestnet } from './testnets.ts'

/** A supervisor that was asked to end gets this long: its nodes' own grace and some more. */
const SUPERVISOR_GRACE_MS = STOP_GRACE_MS + 5_000
const POLL_MS = 25

export interface TakeDownResult {
  /** Node processes that had no supervisor any more and were ended. */
  readonly orphans: number
}

/** Resolves when no process of the testnet lives and its folder is gone (or only data is kept). Throws LocalError. */
export async function takeDown(
  testnet: LocalTestnet,
  keepData: boolean,
  progress: (text: string) => void,
): Promise<TakeDownResult> {
  const { folder, name } = testnet
  const supervisor = testnet.record?.supervisor ?? null
  if (isAlive(supervisor)) {
    progress(`stopping ${name}: its supervisor (process ${supervisor.pid}) ends the nodes`)
    try {
      await askStop(folder, keepData)
    } catch {
      signalProcess(supervisor, 'SIGTERM')
    }
    if (!(await areGone([supervisor], SUPERVISOR_GRACE_MS))) {
      progress(`the supervisor does not end, killing it`)
      signalProcess(supervisor, 'SIGKILL')
      await areGone([supervisor], STOP_GRACE_MS)
    }
  }
  const orphans = await endOrphans(testnet, progress)
  const record = keepData ? readRecord(folder) : undefined
  if (record) {
    emptyTargets(folder)
    const nodes = record.nodes.map(node => ({ ...node, state: 'stopped' as const, process: null }))
    writeRecord(folder, { ...record, phase: 'stopped', supervisor: null, nodes })
  } else {
    removeFolder(folder)
  }
  return { orphans }
}

/** Node processes of a testnet that still live: those recorded, and those that run with a configuration of its folder. */
export function liveNodes(testnet: LocalTestnet): ProcessRef[] {
  const recorded = (testnet.record?.nodes ?? []).flatMap(node => (isAlive(node.process) ? [node.process] : []))
  const prefix = `${nodeFolder(testnet.folder, '')}${sep}`
  const byArgument = findByArgument(argument => argument.startsWith(prefix))
  const known = new Set(recorded.map(ref => ref.pid))
  return [...recorded, ...byArgument.filter(ref => !known.has(ref.pid))]
}

async function endOrphans(testnet: LocalTestnet, progress: (text: string) => void): Promise<number> {
  const orphans = liveNodes(testnet)
  if (orphans.length === 0) return 0
  progress(`ending ${orphans.length} node processes that no supervisor looks after`)
  for (const ref of orphans) {
    signalProcess(ref, 'SIGTERM')
    signalProcess(ref, 'SIGCONT')
  }
  if (!(await areGone(orphans, STOP_GRACE_MS))) {
    for (const ref of orphans) signalProcess(ref, 'SIGKILL')
    if (!(await areGone(orphans, STOP_GRACE_MS))) {
      const left = orphans.filter(isAlive).map(ref => ref.pid)
      throw new LocalError(
        'node-failed',
        `processes ${left.join(', ')} do not end even when killed`,
        'see what holds them (a debugger, a dead disk), then run it again',
      )
    }
  }
  return orphans.length
}

async function areGone(refs: readonly ProcessRef[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs
  while (refs.some(ref => isAlive(ref))) {
    if (Date.now() >= deadline) return false
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
  return true
}
