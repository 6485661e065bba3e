// `trellis watch` in a real terminal.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { temporaryRoot } from '../local/testnet-folder.ts'
import { ManyNodes } from './many-nodes.ts'
import { type Size, TmuxScreen, tmuxMissing } from './tmux.ts'

const missing = tmuxMissing()
if (missing) console.log(`skipped, the dashboard in a terminal: ${missing}`)
const program = resolve(import.meta.dirname, '../../tui/main.ts')
vi.setConfig({ testTimeout: 150_000 })
const usual: Size = { columns: 100, rows: 30 }

const { root, remove } = temporaryRoot()
const files = temporaryRoot()
let nodes: ManyNodes
const screens: TmuxScreen[] = []
beforeAll(async () => {
  if (!missing) nodes = await ManyNodes.start(root, 'quick', 12)
})
afterAll(async () => {
  for (const screen of screens) await screen.close()
  await nodes?.stop()
  remove()
  files.remove()
})

/** `flags`: of Node itself. */
async function watch(words: string, { size = usual, home = root, flags = '' } = {}): Promise<TmuxScreen> {
  const command = `${process.execPath} ${flags} ${program} ${words}; echo ended with $?`
  const env = { TRELLIS_HOME: home, TERM: 'xterm-256color', NO_COLOR: '' }
  const screen = await TmuxScreen.start(command, env, size)
  screens.push(screen)
  return screen
}

/** Of a screen: the node names of its table. */
const listed = (text: string): string[] => [...text.matchAll(/^[❯ ] (\S+-\d+) +[●▲]/gm)].map(([, name]) => name!)

test.skipIf(missing)('starts, navigates, filters, sorts, and gives the screen back', async () => {
  const screen = await watch('watch')
  const first = await screen.shows(/● live[\s\S]*12\/12 ready[\s\S]*❯ boot-0/)
  expect(first).toMatch(/ A █+ 12 on \w{8} at \d+ {2}boot-0 miner-0/)
  await screen.keys('j', 'j')
  await screen.shows(/❯ miner-1 /)
  await screen.keys('Enter')
  await screen.shows(/quick › miner-1[\s\S]*── peers 3[\s\S]*← in/)
  await screen.keys('Escape')
  await screen.shows(/❯ miner-1 /)
  await screen.keys('/', '1', '0', 'Enter')
  expect(listed(await screen.until('one row', text => listed(text).length === 1))).toEqual(['miner-10'])
  await screen.keys('Escape')
  await screen.until('all rows', text => listed(text).length === 12)
  await screen.keys('s')
  await screen.shows(/NAME↑/)
  await screen.keys('?')
  await screen.shows(/── keys[\s\S]*one row up/)
  await screen.keys('Escape', 'b')
  await screen.shows(/── blocks \d+[\s\S]*HEIGHT +BRANCH/)
  await screen.keys(':', 't', 'n', 'Enter')
  await screen.shows(/── testnets 1[\s\S]*❯ quick/)
  await screen.keys('q')
  const after = await screen.shows(/ended with 0/)
  expect(after).not.toContain('── testnets')
})

test.skipIf(missing)('80x24 and other sizes: no line is broken', async () => {
  const screen = await watch('watch', { size: { columns: 80, rows: 24 } })
  const small = (await screen.shows(/● live[\s\S]*miner-0/)).split('\n')
  expect(small[0]).toMatch(/^ trellis this machine › quick +● live$/)
  // Regions are written in wide characters: what stands behind them is in its place.
  await screen.resize({ columns: 140, rows: 40 })
  const wide = await screen.shows(/REGION +RESTARTS[\s\S]*東京 +0/)
  expect(wide.split('\n')[0]).toMatch(/live$/)
  await screen.resize({ columns: 60, rows: 14 })
  await screen.until('14 lines', text => text.split('\n')[12]!.startsWith(' ') && text.includes('? help'))
  await screen.resize({ columns: 40, rows: 10 })
  await screen.shows(/40x10 is too small/)
  await screen.resize(usual)
  await screen.shows(/● live[\s\S]*❯ boot-0/)
})

test.skipIf(missing)('a partition is seen while it lasts, and its end; the source lost and back', async () => {
  const screen = await watch('watch')
  await screen.shows(/── one chain/)
  await nodes.become('cut')
  const cut = await screen.shows(/2 chains: a partition[\s\S]* A █+ +6 on[\s\S]* B ▓+ +6 on/, 10_000)
  expect(cut).toMatch(/miner-10 .* B \w{8}/)
  await nodes.become('heal')
  await screen.shows(/── one chain[\s\S]*reorg of \d+ blocks/, 10_000)
  await nodes.stop()
  const lost = await screen.shows(/▲ \d+s old[\s\S]*❯ boot-0[\s\S]*the supervisor of quick is gone/)
  expect(lost).toMatch(/ 12\/12 ready/)
  expect((await screen.coloured()).split('\n')[1]).toContain('\u001b[2m')
  rmSync(join(root, 'quick'), { recursive: true })
  nodes = await ManyNodes.start(root, 'quick', 12)
  await screen.shows(/● live[\s\S]*12\/12 ready/)
})

test.skipIf(missing)('a defect gives the screen back and is told on it', async () => {
  const defect = join(files.root, 'defect.mjs')
  writeFileSync(defect, "process.on('SIGUSR2', () => { throw new Error('boiler burst') })\n")
  const screen = await watch('watch', { flags: `--import ${defect}` })
  await screen.shows(/❯ boot-0/)
  process.kill(await screen.program(), 'SIGUSR2')
  const after = await screen.shows(/boiler burst[\s\S]*ended with 3/)
  expect(after).toContain('defect of trellis')
  // The terminal echoes again.
  await screen.type('echo $((40 + 2))')
  await screen.shows(/\$ echo[\s\S]*42/)
})

test.skipIf(missing)('Ctrl-C and SIGTERM give the screen back', async () => {
  const screen = await watch('watch')
  await screen.shows(/❯ boot-0/)
  await screen.keys('C-c')
  await screen.shows(/ended with 0/)
  await screen.type(`clear; ${process.execPath} ${program} watch; echo then with $?`)
  await screen.shows(/❯ boot-0/)
  process.kill(await screen.program(), 'SIGTERM')
  await screen.shows(/then with 0/)
})

test.each([
  ['--plain', {}],
  ['', { NO_COLOR: '1' }],
  ['', { TERM: 'dumb' }],
  ['', {}],
])('lines where there is no screen to draw on: %s %j', async (flag, env) => {
  const child = spawn(process.execPath, [program, 'watch', ...(flag ? [flag] : [])], {
    env: { ...process.env, NO_COLOR: '', ...env, TRELLIS_HOME: root },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  try {
    const [first] = (await once(child.stdout, 'data')) as [Buffer]
    expect(first.toString()).toMatch(/^\S+Z quick running, 12\/12 ready; height \d+/)
    expect(first.toString()).not.toContain('\u001b')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  } finally {
    child.kill('SIGKILL')
  }
})
