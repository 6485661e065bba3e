// Rules of a Testnet's network: regions, latency, topology, and that every node can be found.
import type { Fault, Path } from '../errors.ts'
import { didYouMean } from '../explain.ts'
import { places } from '../places.ts'
import { hasCoordinates } from '../regions.ts'
import { builtInSettings, mergeSettings } from '../settings.ts'
import { MAX_STATIC_PEERS, type Testnet } from '../testnet.ts'

/** Addresses of bootstrap nodes that a node's configuration lists at most. */
export const MAX_BOOTSTRAP_NODES = 64

export function checkNetwork(testnet: Testnet): Fault[] {
  return [...checkRegions(testnet), ...checkLatency(testnet), ...checkTopology(testnet), ...checkBootstrap(testnet)]
}

function checkRegions({ spec }: Testnet): Fault[] {
  const { regions, latency } = spec.network
  const given = new Set(latency.flatMap(({ from, to }) => [JSON.stringify([from, to]), JSON.stringify([to, from])]))
  return regions.flatMap((region, index) => {
    const path: Path = ['spec', 'network', 'regions', index]
    const faults: Fault[] = []
    const first = regions.findIndex(({ name }) => name === region.name)
    if (first !== index) {
      faults.push({
        path: [...path, 'name'],
        message: `\`${region.name}\` is the name of regions[${first}] too`,
        mend: 'give each region its own name',
      })
    }
    if ((region.latitude === undefined) !== (region.longitude === undefined)) {
      const missing = region.latitude === undefined ? 'latitude' : 'longitude'
      faults.push({ path, message: `has no ${missing}`, mend: 'give both latitude and longitude, or a place' })
    }
    if (region.place !== undefined && region.latitude !== undefined) {
      faults.push({
        path: [...path, 'place'],
        atKey: true,
        message: 'stands beside coordinates',
        mend: 'keep one of the two',
      })
    }
    // A region that is nowhere needs its latency to every other written down.
    const unreachable = regions.filter(
      other =>
        other.name !== region.name &&
        !(hasCoordinates(region) && hasCoordinates(other)) &&
        !given.has(JSON.stringify([region.name, other.name])),
    )
    const last = unreachable.filter(other => regions.indexOf(other) < index)
    if (last.length > 0) {
      const names = last.map(({ name }) => `\`${name}\``).join(', ')
      faults.push({
        path,
        message: `nothing says how far \`${region.name}\` is from ${names}`,
        mend: `add \`{from: ${last[0]?.name}, to: ${region.name}, delay: 40ms}\` to spec.network.latency, or give both a place (such as ${[...places.keys()][0]})`,
      })
    }
    return faults
  })
}

function checkLatency({ spec }: Testnet): Fault[] {
  const names = spec.network.regions.map(({ name }) => name)
  const seen = new Set<string>()
  return spec.network.latency.flatMap((entry, index) => {
    const path: Path = ['spec', 'network', 'latency', index]
    const faults: Fault[] = []
    for (const end of ['from', 'to'] as const) {
      if (names.includes(entry[end])) continue
      const mend =
        didYouMean(entry[end], names) ??
        (names.length > 0 ? `choose one of ${names.join(', ')}` : 'add it to spec.network.regions')
      faults.push({ path: [...path, end], message: `spec.network.regions has no region \`${entry[end]}\``, mend })
    }
    const key = JSON.stringify([entry.from, entry.to])
    if (seen.has(key)) {
      faults.push({
        path,
        message: `the way from \`${entry.from}\` to \`${entry.to}\` has an entry already`,
        mend: 'keep one of the two',
      })
    }
    seen.add(key)
    return faults
  })
}

function checkTopology({ spec }: Testnet): Fault[] {
  const { shape, degree } = spec.network.topology
  const path: Path = ['spec', 'network', 'topology']
  const nodes = spec.groups.reduce((sum, { count }) => sum + count, 0)
  const faults: Fault[] = []
  const fault = (field: string, message: string, mend: string) => faults.push({ path: [...path, field], message, mend })
  if (degree !== undefined && shape !== 'random')
    fault('degree', `does not apply to shape \`${shape}\``, 'remove it or write `shape: random`')
  if (degree === undefined && shape === 'random') fault('degree', 'is missing', 'add for example `degree: 4`')
  if (degree !== undefined && shape === 'random' && degree >= nodes)
    fault('degree', `${degree} peerings each need more than ${nodes} nodes`, `write at most ${nodes - 1}`)
  if (shape === 'ring' && nodes < 3)
    fault('shape', `a ring needs 3 nodes, this testnet has ${nodes}`, 'add nodes or write `full`')
  if ((shape === 'full' || shape === 'star') && nodes > MAX_STATIC_PEERS + 1) {
    fault(
      'shape',
      `\`${shape}\` gives a node ${nodes - 1} static peers, more than ${MAX_STATIC_PEERS}`,
      'write `random` with a degree, or lower the counts',
    )
  }
  return faults
}

function checkBootstrap({ spec }: Testnet): Fault[] {
  const bootstrap = spec.groups.filter(({ role }) => role === 'bootstrap').reduce((sum, { count }) => sum + count, 0)
  if (bootstrap > MAX_BOOTSTRAP_NODES) {
    return [
      {
        path: ['spec', 'groups'],
        message: `${bootstrap} bootstrap nodes are more than ${MAX_BOOTSTRAP_NODES}`,
        mend: 'lower the counts of the groups of role bootstrap',
      },
    ]
  }
  if (spec.network.topology.shape !== 'discovered') return []
  const nodes = spec.groups.reduce((sum, { count }) => sum + count, 0)
  if (nodes > 1 && bootstrap === 0) {
    return [
      {
        path: ['spec', 'groups'],
        message: 'nodes cannot find each other: none is a bootstrap node',
        mend: 'add a group of role bootstrap, or a static topology such as `shape: full`',
      },
    ]
  }
  const { discovery } = mergeSettings(builtInSettings, { network: spec.network })
  if (discovery.bootstrap) return []
  return [
    {
      path: ['spec', 'network', 'discovery', 'bootstrap'],
      message: 'nodes cannot find each other: the table and the exchange both need a first peer',
      mend: 'write `true`, or a static topology such as `shape: full`',
    },
  ]
}
