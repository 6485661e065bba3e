// Makes the pictures of the dashboard in docs/images/ from a real run: the quickstart cut into halves, and after it.
//   node tools/record-watch.ts
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { RealTestnet } from '../test/watch/real-testnet.ts'
import { TmuxScreen } from '../test/watch/tmux.ts'
import { terminalSvg } from './terminal-svg.ts'

const root = resolve(import.meta.dirname, '..')
const images = join(root, 'docs/images')
const size = { columns: 112, rows: 30 }
const example = (name: string): string => join(root, 'examples', name)

const home = mkdtempSync(join(tmpdir(), 'trellis-record-'))
const env = { TRELLIS_HOME: home, TERM: 'xterm-256color', NO_COLOR: '' }
let testnet: RealTestnet | undefined
let screen: TmuxScreen | undefined
try {
  mkdirSync(images, { recursive: true })
  testnet = await RealTestnet.up(home, 'quickstart', readFileSync(example('quickstart.yaml'), 'utf8'))
  screen = await TmuxScreen.start(`${join(root, 'bin/trellis')} watch quickstart`, env, size)
  await screen.shows(/● live[\s\S]*● Finalizing[\s\S]*8\/8 ready/, 60_000)
  await screen.type(`:run ${example('partition-halves.yaml')}`)
  await screen.shows(/run \S+ on quickstart\?/)
  await screen.keys('y')
  await screen.shows(/── experiments 1/)
  await screen.keys('Escape')
  // Far enough for the sides to be some blocks apart.
  await screen.shows(/ A [\s\S]* B [\s\S]*forked \d\d? ago[\s\S]*halves active, [1-8] s left/, 120_000)
  await keep(screen, 'watch-partition', 'trellis watch: a partition of the quickstart, four nodes on each side')
  await screen.shows(/── one chain[\s\S]*reorg of \d+ blocks/, 60_000)
  await screen.keys('x')
  await screen.shows(/● passed[\s\S]*── findings[\s\S]*── timeline/, 120_000)
  await keep(screen, 'watch-verdict', 'trellis watch: the verdict of the same experiment')
} finally {
  await screen?.close()
  await testnet?.down()
  rmSync(home, { recursive: true, force: true })
}

async function keep(from: TmuxScreen, name: string, title: string): Promise<void> {
  const file = join(images, `${name}.svg`)
  writeFileSync(file, terminalSvg(await from.coloured(), { columns: size.columns, title }))
  console.log(file)
  console.log(await from.text())
}
