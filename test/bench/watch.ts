// The dashboard: how soon a fault of real nodes is on the screen, and what it costs to look at 8 and at 1,000 nodes.
import { setTimeout as delay } from 'node:timers/promises'
import type { NodeEvent } from '../../api/observation.ts'
import { followEvents } from '../../operator/kubernetes/read-api/node-http.ts'
import { findTestnet } from '../../operator/local/testnets.ts'
import { temporaryRoot } from '../local/testnet-folder.ts'
import { ManyNodes } from '../watch/many-nodes.ts'
import { cutsFile, RealTestnet } from '../watch/real-testnet.ts'
import { TmuxScreen } from '../watch/tmux.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { type Bench, percentile, type Row } from './row.ts'

const program = 'dist/trellis.js'
const size = { columns: 120, rows: 40 }
const CUT_SECONDS = 8
const REST_SECONDS = 12
const POLL_MS = 20
/** A cut that is not on the screen by then is not seen. */
const SEEN_WITHIN_MS = 7_000

export const watch: Bench = async ({ long, say }) => [
  ...(await sights(long ? 20 : 4, say)),
  ...(await cost(8, long, say)),
  ...(await cost(1_000, long, say)),
]

const start = (words: string, home: string): Promise<TmuxScreen> =>
  TmuxScreen.start(
    `${process.execPath} ${program} ${words}`,
    { TRELLIS_HOME: home, TERM: 'xterm-256color', NO_COLOR: '' },
    size,
  )

/** Milliseconds from what happened at the nodes to what is on the screen. */
interface Sight {
  readonly fault: number
  readonly chains: number
}

/** Cuts into halves in one experiment, each followed by its heal. */
async function sights(count: number, say: (line: string) => void): Promise<Row[]> {
  const { root, remove } = temporaryRoot()
  const stop = new AbortController()
  let testnet: RealTestnet | undefined
  let screen: TmuxScreen | undefined
  try {
    testnet = await RealTestnet.up(root, 'seen')
    const heard: { readonly node: string; readonly event: NodeEvent }[] = []
    for (const { name, address } of findTestnet(root, 'seen')!.record!.nodes)
      void followEvents(`http://${address.host}:${address.http}`, stop.signal, event =>
        heard.push({ node: name, event }),
      )
    screen = await start('watch seen', root)
    await screen.shows(/● live[\s\S]*4\/4 ready[\s\S]*── one chain/)
    const cuts = Array.from({ length: count }, (_, index) => ({
      name: `cut-${index}`,
      atSeconds: index * (CUT_SECONDS + REST_SECONDS),
      forSeconds: CUT_SECONDS,
    }))
    await screen.type(`:run ${testnet.file('cuts.yaml', cutsFile('seen', cuts))}`)
    await screen.shows(/run \S+ on seen\?/)
    await screen.keys('y')
    await screen.shows(/── experiments 1/)
    await screen.keys('Escape')
    const found: Sight[] = []
    for (const { name } of cuts) {
      const sight = await sightOf(screen, name, heard)
      say(`${name}: the fault after ${sight.fault} ms, two chains after ${sight.chains} ms`)
      found.push(sight)
    }
    const times = (of: (sight: Sight) => number): number[] => found.map(of).filter(Number.isFinite)
    const row = (name: string, values: readonly number[], aim: boolean): Row[] => [
      {
        name: `${name}, p50`,
        value: percentile(values, 50),
        unit: 'ms',
        ...(aim && { aim: '<= 1000 ms' }),
        note: `n=${values.length}`,
      },
      { name: `${name}, slowest`, value: percentile(values, 100), unit: 'ms' },
    ]
    return [
      ...row(
        'from the first node that holds a fault to its line on the screen',
        times(({ fault }) => fault),
        true,
      ),
      ...row(
        'from the first block on each side of a cut to two chains on the screen',
        times(({ chains }) => chains),
        true,
      ),
    ]
  } finally {
    stop.abort()
    await screen?.close()
    await testnet?.down()
    remove()
  }
}

async function sightOf(
  screen: TmuxScreen,
  name: string,
  heard: readonly { readonly node: string; readonly event: NodeEvent }[],
): Promise<Sight> {
  const active = new RegExp(`▲ ${name} active`)
  await screen.until(`${name} or its beginning`, text => active.test(text), 120_000)
  const faultSeen = Date.now()
  const began = Math.min(
    ...heard.flatMap(({ event }) =>
      event.kind === 'faults' && event.change === 'applied' && event.at > faultSeen - SEEN_WITHIN_MS ? event.at : [],
    ),
  )
  let chainsSeen = Number.NaN
  let sides: string[][] = []
  for (const end = faultSeen + SEEN_WITHIN_MS; Date.now() < end; await delay(POLL_MS)) {
    const text = await screen.text()
    if (!text.includes('2 chains')) continue
    chainsSeen = Date.now()
    sides = [...text.matchAll(/^ [AB] [█▓]+ .*?at +\d+(?:, forked \d+ ago)? {2}(.*)$/gm)].map(([, names]) =>
      names!.trim().split(' '),
    )
    break
  }
  // A side that has made no block yet is only behind.
  const firsts = sides.map(names =>
    Math.min(
      ...heard.flatMap(({ node, event }) =>
        event.kind === 'block' && event.from === 'self' && event.at >= began && names.includes(node) ? event.at : [],
      ),
    ),
  )
  return { fault: faultSeen - began, chains: sides.length === 2 ? chainsSeen - Math.max(...firsts) : Number.NaN }
}

/** Of a testnet of stand-in nodes, whose heads go on twice a second. */
async function cost(count: number, long: boolean, say: (line: string) => void): Promise<Row[]> {
  const { root, remove } = temporaryRoot()
  const nodes = await ManyNodes.start(root, 'many', count)
  let screen: TmuxScreen | undefined
  try {
    screen = await start('watch many', root)
    await screen.shows(new RegExp(`${count}/${count} ready`), 120_000)
    const pid = await screen.program()
    await delay(10_000)
    const before = await cpuSeconds(pid)
    const seconds = long ? 120 : 20
    await delay(seconds * 1_000)
    const used = ((await cpuSeconds(pid)) - before) / seconds
    const { resident } = await memory(pid)
    const pressed = performance.now()
    await screen.keys('G')
    await screen.shows(new RegExp(`❯ miner-${count - 2}`))
    const scrolled = performance.now() - pressed
    say(
      `${count} nodes: ${(100 * used).toFixed(1)} % of a core, ${resident.toFixed(0)} MiB, a key after ${scrolled.toFixed(0)} ms`,
    )
    const aim = count >= 1_000 ? { aim: '< 10 %' } : {}
    return [
      { name: `processor time of the dashboard of ${count} nodes`, value: 100 * used, unit: '% of a core', ...aim },
      { name: `resident memory with ${count} nodes`, value: resident, unit: 'MiB' },
      { name: `from a key to the last of ${count} rows on the screen`, value: scrolled, unit: 'ms' },
    ]
  } finally {
    await screen?.close()
    await nodes.stop()
    remove()
  }
}
