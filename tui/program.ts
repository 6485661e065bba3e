// The commands put together; every error ends here, as one message and an exit code.
import { Command, CommanderError, Option } from 'commander'
import { addChaos } from './commands/chaos.ts'
import { addCheck } from './commands/check.ts'
import { addCompletion } from './commands/completion.ts'
import { addDemo } from './commands/demo.ts'
import { addDown } from './commands/down.ts'
import { addDump } from './commands/dump.ts'
import { addLogs } from './commands/logs.ts'
import { addNodes } from './commands/nodes.ts'
import { addPlan } from './commands/plan.ts'
import { addStatus } from './commands/status.ts'
import { addSupervise } from './commands/supervise.ts'
import { addUp } from './commands/up.ts'
import { addVersion, version } from './commands/version.ts'
import { addWatch } from './commands/watch.ts'
import { explainError } from './errors.ts'
import { addExamples, pathOf } from './examples.ts'
import { type ExitCode, exitCode, type SetExit, UsageError } from './exit-codes.ts'
import { PLUGIN, PROGRAM, type Terminal } from './terminal.ts'

/** Runs one command line; resolves with the exit code. Never throws. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: ExitCode = exitCode.ok
  const program = build(terminal, wanted => {
    code = wanted
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage
    const explained = explainError(error, terminal.errorPaint)
    terminal.err(explained.text)
    return explained.code
  }
}

/** All commands. `setExit` is told the exit code of a command that has a result. */
export function build(terminal: Terminal, setExit: SetExit): Command {
  const program = new Command(terminal.program)
    .description('Testnets from one file, broken on purpose, with proof of whether they healed.')
    .usage('[--help | --version] COMMAND')
    .addHelpOption(new Option('-h, --help', 'this help').hideHelp())
    // `version` says more.
    .addOption(new Option('-V, --version', 'the version').hideHelp())
    .on('option:version', () => {
      terminal.out(version())
      throw new CommanderError(0, 'commander.version', version())
    })
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({ subcommandTerm: command => command.name() })
    .configureOutput({
      writeOut: text => terminal.out(text),
      writeErr: text => terminal.err(text),
      outputError: (text, write) => write(`${terminal.errorPaint('bad', '✗')} ${text.replace(/^error: /, '')}`),
    })
    .addHelpText('after', EXIT_CODES)
  addUp(program, terminal, setExit)
  addDown(program, terminal)
  addStatus(program, terminal)
  addNodes(program, terminal)
  addLogs(program, terminal)
  addWatch(program, terminal)
  addPlan(program, terminal)
  addChaos(program, terminal, setExit)
  addDump(program, terminal)
  addCheck(program, terminal, setExit)
  addDemo(program, terminal, setExit)
  addCompletion(program, terminal)
  addVersion(program, terminal)
  addSupervise(program, terminal)
  // Not on the first screen, which says `--help`.
  program.command('help [words...]', { hidden: true }).action((words: string[]) => {
    let at = program
    for (const word of words) at = at.commands.find(command => command.name() === word) ?? at
    at.help()
  })
  if (terminal.program === PLUGIN)
    program.hook('preAction', (_program, command) => {
      if (hereOnly.has(command.name()))
        throw new UsageError(
          `${command.name()} is about this machine, and ${PLUGIN} about a cluster`,
          `use \`${PROGRAM} ${pathOf(command)}\``,
        )
    })
  for (const command of all(program)) {
    // Subcommands do not take these from their parent when made with .command().
    command.exitOverride().showSuggestionAfterError().showHelpAfterError('(see --help)')
    if (command !== program) command.helpOption('-h, --help', 'this help').helpCommand(false)
    addExamples(command, terminal.program)
  }
  return program
}

/** In one line of 80 columns; `exitCodeTexts` has more words. */
const EXIT_CODES = `
Exit: 0 passed or done, 1 failed, 2 inconclusive, 3 usage, 130 interrupted.
\`${PROGRAM} COMMAND --help\` shows its flags and examples.`

/** Commands that know no cluster. */
const hereOnly: ReadonlySet<string> = new Set(['demo', 'supervise'])

function* all(command: Command): Generator<Command> {
  yield command
  for (const child of command.commands) yield* all(child)
}
