// Rules of a Testnet's groups and of the settings of their nodes.
import type { Fault, Path } from '../errors.ts'
import { didYouMean } from '../explain.ts'
import { mergeResources, type PodSettingsLayer } from '../pod-settings.ts'
import { memoryBytes, milliCores } from '../quantity.ts'
import { builtInSettings, mergeSettings, type Settings, type SettingsLayer } from '../settings.ts'
import { MAX_NODES, MAX_VALIDATORS, type Testnet, type TestnetGroup } from '../testnet.ts'

export function checkGroups({ spec }: Testnet): Fault[] {
  const { groups, defaults, network } = spec
  const regions = network.regions.map(({ name }) => name)
  const testnetWide = mergeSettings(builtInSettings, { ...defaults, network })
  return [
    ...checkRegion(defaults, ['spec', 'defaults'], regions),
    ...checkDegrees(testnetWide, network, ['spec', 'network']),
    ...checkResources(['spec', 'defaults'], defaults),
    ...checkNames(groups),
    ...checkCounts(groups),
    ...groups.flatMap((group, index) => [
      ...checkGroup(group, ['spec', 'groups', index], testnetWide, regions),
      ...(group.resources ? checkResources(['spec', 'groups', index], defaults, group) : []),
    ]),
  ]
}

function checkGroup(group: TestnetGroup, path: Path, testnetWide: Settings, regions: readonly string[]): Fault[] {
  const settings = mergeSettings(testnetWide, group)
  const faults = checkLayer(group, group, path, settings, regions)
  const seen = new Set<number>()
  for (const [position, override] of group.overrides.entries()) {
    const at: Path = [...path, 'overrides', position]
    if (override.index >= group.count) {
      faults.push({
        path: [...at, 'index'],
        message: `${override.index} is out of range: group \`${group.name}\` has ${group.count} ${group.count === 1 ? 'node' : 'nodes'}`,
        mend: group.count === 1 ? 'write 0 or raise the count' : `write 0 to ${group.count - 1} or raise the count`,
      })
    }
    if (seen.has(override.index)) {
      faults.push({
        path: [...at, 'index'],
        message: `node ${override.index} has an override already`,
        mend: 'join the two',
      })
    }
    seen.add(override.index)
    faults.push(...checkLayer(override, group, at, mergeSettings(settings, override), regions))
  }
  return faults
}

/** One layer of settings, as its group's nodes would have them. */
function checkLayer(
  layer: SettingsLayer,
  group: TestnetGroup,
  path: Path,
  merged: Settings,
  regions: readonly string[],
): Fault[] {
  const faults = [
    ...checkRegion(layer, path, regions),
    ...checkDegrees(merged, layer.network ?? {}, [...path, 'network']),
  ]
  if (layer.weight !== undefined && group.role !== 'miner') {
    faults.push({
      path: [...path, 'weight'],
      atKey: true,
      message: `does not apply to role \`${group.role}\`: only miners have weight`,
      mend: 'remove it or write `role: miner`',
    })
  }
  return faults
}

function checkRegion({ region }: SettingsLayer, path: Path, regions: readonly string[]): Fault[] {
  if (region === undefined || regions.includes(region)) return []
  const mend =
    regions.length === 0
      ? `add \`- name: ${region}\` to spec.network.regions`
      : (didYouMean(region, regions) ?? `choose one of ${regions.join(', ')}`)
  return [{ path: [...path, 'region'], message: `spec.network.regions has no region \`${region}\``, mend }]
}

/** The order the gossipsub specification asks of its degrees (v1.1, "parameters"); told where a layer breaks it. */
function checkDegrees({ gossipsub }: Settings, layer: NonNullable<SettingsLayer['network']>, path: Path): Fault[] {
  if (!layer.gossipsub) return []
  const { d, dLow, dHigh, dOut, dScore } = gossipsub
  const rules: readonly (readonly [holds: boolean, message: string])[] = [
    [dLow <= d && d <= dHigh, `dLow ${dLow}, d ${d}, dHigh ${dHigh} are out of order`],
    [
      dOut === 0 || (dOut < dLow && dOut <= d / 2),
      `dOut ${dOut} must be below dLow ${dLow} and at most half of d ${d}`,
    ],
    [dScore <= d, `dScore ${dScore} is above d ${d}`],
  ]
  return rules.flatMap(([holds, message]) =>
    holds
      ? []
      : [
          {
            path: [...path, 'gossipsub'],
            atKey: true,
            message,
            mend: 'keep dLow <= d <= dHigh, dOut < dLow, dOut <= d/2, dScore <= d',
          },
        ],
  )
}

/** A node cannot ask for more than it may use. `path` is of the last layer. */
function checkResources(path: Path, ...layers: readonly PodSettingsLayer[]): Fault[] {
  const { requests, limits } = mergeResources(...layers)
  return (['cpu', 'memory'] as const).flatMap(field => {
    const size = field === 'cpu' ? milliCores : memoryBytes
    const [request, limit] = [requests[field], limits[field]]
    if (request === undefined || limit === undefined || size(request) <= size(limit)) return []
    return [
      {
        path: [...path, 'resources'],
        message: `requests ${request} of ${field} and limits it to ${limit}`,
        mend: `lower requests.${field}, or raise limits.${field}`,
      },
    ]
  })
}

function checkNames(groups: readonly TestnetGroup[]): Fault[] {
  return groups.flatMap(({ name }, index) => {
    const first = groups.findIndex(group => group.name === name)
    if (first === index) return []
    return [
      {
        path: ['spec', 'groups', index, 'name'],
        message: `\`${name}\` is the name of spec.groups[${first}] too`,
        mend: 'give each group its own name',
      },
    ]
  })
}

function checkCounts(groups: readonly TestnetGroup[]): Fault[] {
  const path: Path = ['spec', 'groups']
  const faults: Fault[] = []
  const total = groups.reduce((sum, { count }) => sum + count, 0)
  const miners = groups.filter(({ role }) => role === 'miner').reduce((sum, { count }) => sum + count, 0)
  if (total > MAX_NODES)
    faults.push({ path, message: `${total} nodes are more than ${MAX_NODES}`, mend: 'lower the counts' })
  if (miners === 0) faults.push({ path, message: 'no group makes blocks', mend: 'add a group of role miner' })
  if (miners > MAX_VALIDATORS) {
    faults.push({
      path,
      message: `${miners} miners are more than ${MAX_VALIDATORS}`,
      mend: 'lower the counts of the groups of role miner',
    })
  }
  return faults
}
