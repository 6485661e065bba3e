// The commands put together; every error ends here, as one message and an exit code.
import { Command, CommanderError } from 'commander'
import { addChaos } from './commands/chaos.ts'
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

function build(terminal: Terminal, setExit: SetExit): Command {
  const program = new Command(terminal.program)
    .description('blockchain testnets from one file, broken on purpose, with proof of whether they healed')
    .version(version(), '-V, --version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: text => terminal.out(text),
      writeErr: text => terminal.err(text),
      outputError: (text, write) => write(`${terminal.errorPaint('bad', '✗')} ${text.replace(/^error: /, '')}`),
    })
    .addHelpText(
      'after',
      '\nExit codes: 0 passed or done, 1 failed, 2 inconclusive, 3 usage or environment, 130 interrupted.',
    )
  addUp(program, terminal, setExit)
  addDown(program, terminal)
  addStatus(program, terminal)
  addNodes(program, terminal)
  addLogs(program, terminal)
  addWatch(program, terminal)
  addPlan(program, terminal)
  addChaos(program, terminal, setExit)
  addDump(program, terminal)
  addDemo(program, terminal, setExit)
  addVersion(program, terminal)
  addSupervise(program, terminal)
  if (terminal.program === PLUGIN)
    program.hook('preAction', (_program, command) => {
      if (hereOnly.has(command.name()))
        throw new UsageError(
          `${command.name()} is about this machine, and ${PLUGIN} about a cluster`,
          `use \`${PROGRAM} ${pathOf(command)}\``,
        )
    })
  // Subcommands do not take these from their parent when made with .command().
  for (const command of all(program))
    command.exitOverride().showSuggestionAfterError().showHelpAfterError('(see --help)')
  return program
}

/** Commands that know no cluster. */
const hereOnly: ReadonlySet<string> = new Set(['demo', 'supervise'])

const pathOf = (command: Command): string =>
  command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()

function* all(command: Command): Generator<Command> {
  yield command
  for (const child of command.commands) yield* all(child)
}
