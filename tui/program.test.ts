import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { examples, pathOf } from './examples.ts'
import { build, main } from './program.ts'
import type { Terminal } from './terminal.ts'
import { plain } from './theme.ts'

function recorder(): Terminal & { readonly text: () => string } {
  let text = ''
  const add = (more: string): void => {
    text += more
  }
  return {
    env: {},
    program: 'trellis',
    columns: 80,
    rows: undefined,
    live: false,
    paint: plain,
    errorPaint: plain,
    out: add,
    write: add,
    err: add,
    text: () => text,
  }
}

const program = build(recorder(), () => {})
function* visible(command: Command): Generator<Command> {
  for (const child of command.createHelp().visibleCommands(command)) {
    yield child
    yield* visible(child)
  }
}
const commands = [...visible(program)]

test('help fits a screen of 80x24, with a line left for the prompt', async () => {
  const terminal = recorder()
  expect(await main(['--help'], terminal)).toBe(0)
  const lines = terminal.text().trimEnd().split('\n')
  expect(lines.length).toBeLessThanOrEqual(23)
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80)
  for (const { parent, name } of commands.map(each => ({ parent: each.parent, name: each.name() })))
    if (parent === program) expect(terminal.text()).toMatch(new RegExp(`^  ${name} +\\S`, 'm'))
})

test('every command has examples, and no example is of none', () => {
  expect(Object.keys(examples).sort()).toEqual(commands.map(pathOf).sort())
})

test.each(Object.entries(examples).flatMap(([path, list]) => list.map(({ line }) => [line, path] as const)))(
  '%s can be typed',
  (line, path) => {
    const words = /\btrellis ([^|)]+)/.exec(line)![1]!.trim().split(/ +/)
    const of = commands.find(command => pathOf(command) === words.slice(0, pathOf(command).split(' ').length).join(' '))
    const command = commands.find(each => each.parent === of && each.name() === words[1]) ?? of
    expect(command && pathOf(command).startsWith(path)).toBe(true)
    const depth = pathOf(command!).split(' ').length
    expect(command!.parseOptions(words.slice(depth)).unknown).toEqual([])
  },
)

test.each([
  [['statsu'], 'Did you mean status?'],
  [['nodes', '--wtch'], 'Did you mean --watch?'],
  [['chaos', 'lst'], 'Did you mean list?'],
  [['dump', '--outptu', 'x'], 'Did you mean --output?'],
])('%j: %s', async (args, says) => {
  const terminal = recorder()
  expect(await main(args, terminal)).toBe(3)
  expect(terminal.text()).toContain(says)
})

test('version tells programs too', async () => {
  const terminal = recorder()
  expect(await main(['version', '-o', 'json'], terminal)).toBe(0)
  expect(JSON.parse(terminal.text())).toEqual({
    trellis: expect.stringMatching(/^\d+\.\d+\.\d+/),
    api: 'trellis.dev/v1alpha1',
    node: process.versions.node,
    system: `${process.platform}-${process.arch}`,
  })
})
