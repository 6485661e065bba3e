// From a Testnet to a folder that a supervisor can run: name claimed, addresses chosen, configurations written.
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Testnet } from '../../api/testnet.ts'
import { milliseconds } from '../../api/units.ts'
import { identities } from '../identities.ts'
import { expand } from '../testnet/expand.ts'
import { nodeConfigs } from '../testnet/node-config.ts'
import type { Expanded } from '../testnet/spec.ts'
import { withAddressLock } from './address-lock.ts'
import { planAddresses } from './addresses.ts'
import { fromSystemError, LocalError } from './errors.ts'
import { identityOf } from './process-identity.ts'
import { type NodeAddress, type TestnetRecord, writeRecord } from './record.ts'
import { claimFolder, nodeConfigFile, nodeDataFolder, removeFolder, testnetFolder } from './state-folder.ts'
import { liveNodes } from './take-down.ts'
import { findTestnet, listTestnets } from './testnets.ts'

export interface ProvisionOptions {
  readonly root: string
  readonly testnet: Testnet
  /** Where it was read from, for people. */
  readonly file: string
  /** Program and first arguments of a node process. */
  readonly program: readonly string[]
}

export interface Provisioned {
  readonly folder: string
  readonly record: TestnetRecord
  /** The data of an earlier run is used. */
  readonly resumed: boolean
}

/** Throws LocalError; nothing is left behind then, and data that an earlier run kept is untouched. */
export async function provision({ root, testnet, file, program }: ProvisionOptions): Promise<Provisioned> {
  const { name } = testnet.metadata
  if (testnet.spec.suspend) {
    throw new LocalError(
      'suspended',
      `${file} says \`suspend: true\`: nothing of ${name} would run`,
      `remove that line to start it; on this machine \`trellis down ${name} --keep-data\` pauses a testnet and \`up\` goes on with it`,
    )
  }
  const expanded = expand(testnet, { derive: identities() })
  const folder = testnetFolder(root, name)
  const resumed = !claimFolder(root, name)
  if (resumed) requireKeptData(root, testnet)
  try {
    const record = await withAddressLock(root, async () => {
      const names = expanded.nodes.map(node => node.name)
      const chosen = recordOf(
        testnet,
        expanded,
        await planAddresses(names, folder, usedHosts(root, name)),
        file,
        program,
      )
      writeRecord(folder, chosen)
      return chosen
    })
    writeConfigs(folder, expanded, new Map(record.nodes.map(node => [node.name, node.address])))
    return { folder, record, resumed }
  } catch (error) {
    if (!resumed) removeFolder(folder)
    throw fromSystemError(error, folder)
  }
}

/** Throws LocalError unless the folder holds data that was kept of the same Testnet. */
function requireKeptData(root: string, testnet: Testnet): void {
  const { name } = testnet.metadata
  const found = findTestnet(root, name)
  const record = found?.record
  if (found?.standing === 'running') {
    const state = record?.phase === 'starting' ? 'is just being started' : 'runs already'
    throw new LocalError(
      'name-in-use',
      `testnet ${name} ${state} (process ${record?.supervisor?.pid}, from ${record?.file})`,
      `take it down with \`trellis down ${name}\`, or give this one another name with --name`,
    )
  }
  if (found?.standing === 'stopped') {
    if (JSON.stringify(record?.testnet) === JSON.stringify(testnet)) return
    throw new LocalError(
      'other-spec',
      `${found.folder} keeps the data of another chain: a different Testnet of the name ${name}`,
      `remove it with \`trellis down ${name}\`, or give this one another name with --name`,
    )
  }
  const left = found === undefined ? 0 : liveNodes(found).length
  throw new LocalError(
    'left-behind',
    `testnet ${name} was left behind by a supervisor that died; ${left === 0 ? 'none' : left} of its node processes still run`,
    `clear up with \`trellis down ${name}\` (its data goes too, unless you add --keep-data)`,
  )
}

function recordOf(
  testnet: Testnet,
  expanded: Expanded,
  addresses: ReadonlyMap<string, NodeAddress>,
  file: string,
  program: readonly string[],
): TestnetRecord {
  const { genesis } = expanded
  const { ttl } = testnet.spec
  const now = Date.now()
  return {
    version: 1,
    name: testnet.metadata.name,
    file,
    testnet,
    createdAt: now,
    // From this `up` on: whoever starts it again has a reason to.
    ...(ttl !== undefined && { endsAt: now + milliseconds(ttl) }),
    genesisTime: genesis.time,
    chain: { blockIntervalMs: genesis.blockIntervalMs, checkpointInterval: genesis.checkpointInterval },
    phase: 'starting',
    program: [...program],
    // Until the supervisor takes over, the process that prepares it stands for it.
    supervisor: { pid: process.pid, identity: identityOf(process.pid) ?? '' },
    nodes: expanded.nodes.map(({ name, group, role, region, peerId }) => ({
      name,
      group,
      role,
      region,
      peerId,
      address: addresses.get(name)!,
      state: 'stopped',
      process: null,
      restarts: 0,
    })),
  }
}

function writeConfigs(folder: string, expanded: Expanded, addresses: ReadonlyMap<string, NodeAddress>): void {
  for (const config of nodeConfigs(expanded, addresses, node => nodeDataFolder(folder, node))) {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
    writeFileSync(nodeConfigFile(folder, config.name), JSON.stringify(config), { mode: 0o600 })
  }
}

/** Hosts of the other testnets that may run now. */
export function usedHosts(root: string, except: string): Set<string> {
  const others = listTestnets(root).filter(testnet => testnet.name !== except && testnet.standing !== 'stopped')
  return new Set(others.flatMap(testnet => testnet.record?.nodes.map(node => node.address.host) ?? []))
}
