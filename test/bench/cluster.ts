// How long a testnet takes on a real Kubernetes, beside the same pods made without an operator.
import { join } from 'node:path'
import { cacheFolder } from '../../tools/build-cache.ts'
import { buildImages } from '../../tools/images.ts'
import { down, up } from '../cluster/cluster.ts'
import { asEnvironment } from '../cluster/given.ts'
import { prepared } from '../cluster/preparation.ts'
import { against, type Bench, type BenchOptions, median, type Row } from './row.ts'

const sizes = { short: [10, 50], long: [10, 50, 100] }
const rounds = { short: 1, long: 3 }
const machines = 2

export const cluster: Bench = async options => {
  const state = join(cacheFolder(), 'cluster-bench')
  try {
    const made = await up({ state, nodes: machines, tell: options.say })
    // The helpers of the cases read where they are from the environment.
    Object.assign(process.env, asEnvironment(await prepared(made, options.say)))
    return [...(await sizesOfImages()), ...(await times(options))]
  } finally {
    await down(state)
  }
}

async function sizesOfImages(): Promise<Row[]> {
  const built = await buildImages()
  return Object.entries(built).map(([name, { bytes }]) => ({
    name: `image ${name}`,
    value: bytes / 2 ** 20,
    unit: 'MiB',
    note: 'compressed, as it is pulled',
  }))
}

async function times({ long, say }: BenchOptions): Promise<Row[]> {
  const { installed } = await import('../cluster/chart.ts')
  const { ofBareSets, ofTestnet } = await import('./testnet-times.ts')
  await installed()
  const rows: Row[] = []
  for (const count of long ? sizes.long : sizes.short) {
    const testnets: number[] = []
    const bare: number[] = []
    for (let round = 0; round < (long ? rounds.long : rounds.short); round++) {
      const { converged, ready, objects, namespace } = await ofTestnet(count)
      testnets.push(converged)
      bare.push(await ofBareSets(objects, namespace, count))
      const said = [ready, converged, bare.at(-1)!].map(seconds => seconds.toFixed(1))
      say(`${count} nodes: all ready ${said[0]} s, converged ${said[1]} s; bare ${said[2]} s`)
    }
    rows.push(
      against(median(bare), {
        name: `apply to Converged, ${count} nodes on ${machines} machines`,
        value: median(testnets),
        unit: 's',
        aim: '<= 1.10 of the floor',
        note: 'floor: the same StatefulSets without an operator, to all pods Ready',
      }),
    )
  }
  const { objects, namespace } = await ofTestnet(1)
  const alone: number[] = []
  for (let round = 0; round < 5; round++) alone.push(await ofBareSets(objects, namespace, 1, { keep: round < 4 }))
  say(`one pod: ${alone.map(seconds => seconds.toFixed(2)).join(', ')} s`)
  rows.push({
    name: 'a single pod, StatefulSet created to Ready',
    value: median(alone),
    unit: 's',
    note: 'image on the machine; probes every second',
  })
  return rows
}
