import type { Command, Option } from 'commander'
import { examples, pathOf } from '../../tui/examples.ts'
import { exitCodeTexts } from '../../tui/exit-codes.ts'
import { build } from '../../tui/program.ts'
import { PROGRAM, type Terminal } from '../../tui/terminal.ts'
import { plain } from '../../tui/theme.ts'

/** Of nobody: the page is made of what commands are, not of what they print. */
const nowhere: Terminal = {
  env: {},
  program: PROGRAM,
  columns: 80,
  rows: undefined,
  live: false,
  paint: plain,
  errorPaint: plain,
  out: () => {},
  write: () => {},
  err: () => {},
}

/** docs/command.md from the commands themselves. */
export function commandPage(): string {
  const program = build(nowhere, () => {})
  const commands = [...visible(program)]
  const rows = commands.map(command => {
    const path = pathOf(command)
    return `| [\`${path}\`](#trellis-${path.replaceAll(' ', '-')}) | ${cell(command.summary() || command.description())} |`
  })
  return `# The command

Generated from tui/ by \`npm run generate\`; \`trellis COMMAND --help\` says the same.

    trellis [--help | --version] COMMAND

Without \`--context\`, \`-n\` or \`--kubeconfig\` a command is about testnets of this machine, in \`~/.local/state/trellis\` or
\`TRELLIS_HOME\`; with one of them, or called as \`kubectl trellis\`, about those of a cluster
([kubectl trellis](kubectl-trellis.md)).

| command | |
|---|---|
${rows.join('\n')}

stdout has results, stderr progress and notes, so that results can be piped. \`-o json\` and \`-o yaml\` are for programs, \`-o wide\`
has more columns, \`-o name\` only names. Colours end with \`NO_COLOR\`, and nothing depends on them.

## Exit codes

| code | |
|---|---|
${exitCodeTexts.map(([code, what]) => `| ${code} | ${what} |`).join('\n')}

With 3 the message says what is wrong and how to mend it. \`check\` ends with 1 when something is missing that is needed.
${commands.map(section).join('')}`
}

function* visible(command: Command): Generator<Command> {
  for (const child of command.createHelp().visibleCommands(command)) {
    yield child
    yield* visible(child)
  }
}

function section(command: Command): string {
  const path = pathOf(command)
  const options = command.createHelp().visibleOptions(command)
  const lines = examples[path] ?? []
  return `
## trellis ${path}

    trellis ${path} ${command.usage()}

${sentence(command.description())}

| flag | |
|---|---|
${options.map(option => `| \`${cell(option.flags)}\` | ${cell(option.description)}${defaultOf(option)} |`).join('\n')}

${lines.map(({ line, what }) => `    ${line}    # ${what}`).join('\n')}
`
}

const defaultOf = ({ defaultValue, defaultValueDescription }: Option): string =>
  defaultValue === undefined ? '' : ` (${defaultValueDescription ?? `\`${String(defaultValue)}\``} when not given)`

/** What stands in a table: a bar would end its cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|')

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`
