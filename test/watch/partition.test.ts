// A partition of real nodes and its heal, seen live in the dashboard that started it.
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryRoot } from '../local/testnet-folder.ts'
import { cutsFile, RealTestnet } from './real-testnet.ts'
import { TmuxScreen, tmuxMissing } from './tmux.ts'

const missing = tmuxMissing()
if (missing) console.log(`skipped, a partition in the dashboard: ${missing}`)
const program = resolve(import.meta.dirname, '../../tui/main.ts')

test.skipIf(missing)(
  'a partition of real nodes is started, seen while it lasts, and so is its heal',
  async () => {
    const { root, remove } = temporaryRoot()
    let testnet: RealTestnet | undefined
    let screen: TmuxScreen | undefined
    try {
      testnet = await RealTestnet.up(root, 'real')
      const file = testnet.file('cut.yaml', cutsFile('another', [{ name: 'split', atSeconds: 0, forSeconds: 7 }]))
      const env = { TRELLIS_HOME: root, TERM: 'xterm-256color', NO_COLOR: '' }
      // The cursor stands within a line, as after a prompt that comes later than what was typed.
      const command = `printf 'typed ahead '; ${process.execPath} ${program} watch real`
      screen = await TmuxScreen.start(command, env, { columns: 110, rows: 32 })
      await screen.shows(/^ trellis this machine › real +● live[\s\S]*4\/4 ready[\s\S]*── one chain/)
      await screen.type(`:run ${file}`)
      await screen.shows(/run \S+cut\.yaml on real\?/)
      await screen.keys('y')
      await screen.shows(/── experiments 1[\s\S]*halves/)
      await screen.keys('Escape')

      const cut = await screen.shows(
        /2 chains: a partition[\s\S]* A █+ +2 on[\s\S]* B ▓+ +2 on[\s\S]*▲ split active, \d+ s left, cuts 2 from 2/,
      )
      // Everybody stands on one of the two, in the band and in the table.
      const sides = [...cut.matchAll(/^ ([AB]) [█▓]+ .*at +\d+(?:, forked \d+ ago)? {2}(.*)$/gm)]
      expect(sides.flatMap(([, , names]) => names!.trim().split(' ')).sort()).toEqual(
        ['boot-0', ...[0, 1, 2].map(index => `miner-${index}`)].sort(),
      )
      for (const [, letter, names] of sides)
        for (const name of names!.trim().split(' ')) expect(cut).toMatch(new RegExp(` ${name} .* ${letter} \\w{8} `))

      await screen.shows(/── one chain[\s\S]*reorg of \d+ blocks/)
      await screen.keys('x')
      const over = await screen.shows(/halves +● passed[\s\S]*── findings[\s\S]*✔ [\s\S]*── timeline/)
      expect(over).toMatch(/split active[\s\S]*split over[\s\S]*phase heal/)
    } finally {
      await screen?.close()
      await testnet?.down()
      remove()
    }
  },
  150_000,
)
