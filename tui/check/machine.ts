// What this machine can do for testnets: what is found is looked at, not taken for granted.
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { planAddresses } from '../../operator/local/addresses.ts'
import { nodeProgram } from '../../operator/local/program.ts'
import { usedHosts } from '../../operator/local/provision.ts'
import { stateRoot } from '../../operator/local/state-folder.ts'
import { type CheckRow, missing, ok, without } from './row.ts'

const GIB = 1024 ** 3
/** A node process takes about 100 MB (docs/benchmarks.md); the smallest testnet that is worth it has five. */
const BYTES_A_NODE = 100_000_000
const MIN_NODES = 5
const MIN_CORES = 2
const MIN_NODE_MAJOR = 24
/** Logs of a small testnet are bounded by so much. */
const MIN_DISK_BYTES = GIB
const ADDRESSES = 250

export interface MachineFacts {
  /** `26.10.0` */
  readonly node: string
  readonly cores: number
  /** What a new process may take, limits of containers regarded. */
  readonly freeBytes: number
  readonly diskBytes: number
  readonly folder: string
  /** Why the state folder cannot be written; undefined when it can. */
  readonly folderProblem: string | undefined
  /** How many nodes' addresses and ports are free, or why they are not. */
  readonly addresses: number | string
  /** Why there is no program of a node. */
  readonly programProblem: string | undefined
}

export async function machineFacts(env: NodeJS.ProcessEnv): Promise<MachineFacts> {
  const folder = stateRoot(env)
  const existing = nearest(folder)
  const names = Array.from({ length: ADDRESSES }, (_, index) => `node-${index}`)
  return {
    node: process.versions.node,
    cores: availableParallelism(),
    freeBytes: process.availableMemory(),
    diskBytes: diskOf(existing),
    folder,
    folderProblem: problemOf(() => accessSync(existing, constants.W_OK)),
    addresses: await planAddresses(names, folder, usedHosts(folder, '')).then(
      found => found.size,
      error => (error as Error).message,
    ),
    programProblem: problemOf(() => nodeProgram(env)),
  }
}

/** Pure. */
export function machineRows(facts: MachineFacts): CheckRow[] {
  const { node, cores, freeBytes, diskBytes, folder, folderProblem, addresses, programProblem } = facts
  const nodes = Math.floor(freeBytes / BYTES_A_NODE)
  const memory = `${gib(freeBytes)} GiB free, enough for about ${nodes} nodes`
  return [
    Number(node.split('.')[0]) >= MIN_NODE_MAJOR
      ? ok('node', `Node ${node}`)
      : missing('node', `Node ${node}`, `run \`npm ci\`, which brings a newer one, or install Node ${MIN_NODE_MAJOR}`),
    programProblem === undefined
      ? ok('program', 'the program of a node is there')
      : missing('program', programProblem, 'run `npm ci` and `npm run build`'),
    cores >= MIN_CORES
      ? ok('cores', `${cores}`)
      : without('cores', `${cores}`, 'blocks come late with more than a few nodes: choose a longer blockInterval'),
    nodes >= MIN_NODES
      ? ok('memory', memory)
      : missing('memory', memory, 'end other programs, or give the machine or container more memory'),
    folderProblem === undefined
      ? ok('state folder', `${folder} can be written`)
      : missing('state folder', `${folder}: ${folderProblem}`, 'make it writable, or set TRELLIS_HOME to another one'),
    diskBytes >= MIN_DISK_BYTES
      ? ok('disk', `${gib(diskBytes)} GiB free`)
      : missing('disk', `${gib(diskBytes)} GiB free`, 'free some, or set TRELLIS_HOME to a folder of another disk'),
    typeof addresses === 'number'
      ? ok('addresses', `loopback addresses and ports for ${addresses} nodes are free`)
      : missing('addresses', addresses, 'end the program that holds them'),
  ]
}

const gib = (bytes: number): string => (bytes / GIB).toFixed(1)

/** The folder itself or the one in which it would be made. */
function nearest(folder: string): string {
  let at = folder
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at)
  return at
}

function diskOf(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}

function problemOf(attempt: () => unknown): string | undefined {
  try {
    attempt()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
