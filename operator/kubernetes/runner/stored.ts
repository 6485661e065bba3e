// What the runner is told by the API server and by its pod: the experiment with the plan that the operator made of it,
// the testnet it is for, and the secrets of its nodes.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Experiment } from '../../../api/experiment.ts'
import { apiVersion } from '../../../api/metadata.ts'
import { genesisSchema } from '../../../api/node-config.ts'
import { expand } from '../../testnet/expand.ts'
import type { Expanded } from '../../testnet/spec.ts'
import { ADMIN_TOKEN, AGENT_KEY, TESTNET_FILE } from '../build/configuration.ts'
import { testnetObject } from '../build/names.ts'
import { experimentOf } from '../chaos/deadlines.ts'
import { checkStoredExperiment, experiments, type StoredExperiment } from '../chaos/stored-experiment.ts'
import type { Api } from '../runtime/api.ts'
import { type ObjectName, resources } from '../runtime/resource.ts'
import { checkStored, testnets } from '../testnet/stored-testnet.ts'

/** The run cannot begin with what is stored: the message says what is wrong and how to mend it. */
export class Unusable extends Error {
  override readonly name = 'Unusable'
}

export interface Given {
  readonly stored: StoredExperiment
  readonly experiment: Experiment
  /** The absolute end, milliseconds since the epoch: whatever is injected is over by then. */
  readonly endsBy: number
  /** Of the testnet with the genesis that it began with. */
  readonly expanded: Expanded
  readonly testnetUid: string
}

/** @throws Unusable, ApiError, ConnectionError */
export async function readGiven(api: Api, name: ObjectName, signal: AbortSignal): Promise<Given> {
  const stored = await api.get(experiments, name, signal)
  const { valid, problems } = checkStoredExperiment(stored)
  if (!valid) throw new Unusable(`${problems.join('; ')}; are operator and definitions of one version?`)
  const { plan } = stored.status ?? {}
  if (!plan) throw new Unusable('status.plan is missing: the operator makes it before it starts a runner')
  const { expanded, uid } = await readTestnet(api, { ...name, name: valid.spec.testnet }, signal)
  const experiment = { ...experimentOf(valid), seed: plan.seed }
  return { stored, experiment, endsBy: Date.parse(plan.endsBy), expanded, testnetUid: uid }
}

async function readTestnet(
  api: Api,
  name: ObjectName,
  signal: AbortSignal,
): Promise<{ expanded: Expanded; uid: string }> {
  const checked = checkStored(await api.get(testnets, name, signal))
  if (!checked.valid) throw new Unusable(`testnet ${name.name} is not right: ${checked.problems.join('; ')}`)
  const { metadata, spec } = checked.valid
  const shared = await api.get(resources.configMaps, { ...name, name: testnetObject(name.name) }, signal)
  const genesis = genesisSchema.safeParse(parsedJson(shared.data?.[TESTNET_FILE]).genesis)
  if (!genesis.success) throw new Unusable(`ConfigMap ${testnetObject(name.name)} holds no genesis: is the testnet up?`)
  const document = { apiVersion, kind: 'Testnet', metadata: { name: metadata.name }, spec } as const
  return { expanded: expand(document, { genesis: genesis.data }), uid: metadata.uid ?? '' }
}

function parsedJson(text: string | undefined): { genesis?: unknown } {
  try {
    return JSON.parse(text ?? '{}') as { genesis?: unknown }
  } catch {
    return {}
  }
}

export interface Secrets {
  readonly adminToken: string
  /** Signs tokens for the net agents; undefined for a testnet of an older operator. */
  readonly agentKey: Uint8Array | undefined
}

/** Of the testnet's Secret, mounted there. @throws what reading the files throws */
export async function readSecrets(folder: string): Promise<Secrets> {
  const adminToken = await readFile(join(folder, ADMIN_TOKEN), 'utf8')
  const agentKey = await readFile(join(folder, AGENT_KEY)).catch(() => undefined)
  return { adminToken: adminToken.trim(), agentKey }
}
