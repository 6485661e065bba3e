// What can be typed, read off the commands: the shells' completion and the reference page are made of it.
import type { Command, Option } from 'commander'
import { pathOf } from '../examples.ts'
import { ChoiceOption } from '../output.ts'

/** What an argument or the value of an option is. `node`: one of the testnet that was named before. */
export type ValueKind = 'file' | 'testnet' | 'node' | 'text'

export interface Argument {
  readonly kind: ValueKind
  readonly choices: readonly string[]
}

export interface Flag {
  /** `-o`, `--output` */
  readonly names: readonly string[]
  readonly description: string
  /** Undefined when it has no value. */
  readonly value: Argument | undefined
  /** May stand without its value. */
  readonly optional: boolean
}

export interface CommandTree {
  /** `chaos run`; empty for the program itself. */
  readonly path: string
  readonly name: string
  readonly summary: string
  readonly commands: readonly CommandTree[]
  readonly flags: readonly Flag[]
  readonly arguments: readonly Argument[]
}

/** Hidden commands are left out. */
export function treeOf(command: Command): CommandTree {
  const help = command.createHelp()
  return {
    path: pathOf(command),
    name: command.name(),
    summary: command.summary() || command.description(),
    commands: help.visibleCommands(command).map(treeOf),
    flags: help.visibleOptions(command).map(flagOf),
    arguments: command.registeredArguments.map(argument => ({
      kind: kindOf(argument.name(), command.name()),
      choices: argument.argChoices ?? [],
    })),
  }
}

/** All commands of a tree, the program first. */
export const flatten = (tree: CommandTree): CommandTree[] => [tree, ...tree.commands.flatMap(flatten)]

function flagOf(option: Option): Flag {
  const { short, long, description, required, optional } = option
  const choices = option instanceof ChoiceOption ? option.values : (option.argChoices ?? [])
  const [, name = ''] = /[<[]([a-z]+)/.exec(option.flags) ?? []
  return {
    names: [short, long].filter(flag => flag !== undefined),
    description,
    // A name after a flag is that of a context or a namespace.
    value: required || optional ? { kind: name === 'file' || name === 'folder' ? 'file' : 'text', choices } : undefined,
    optional,
  }
}

function kindOf(name: string, command: string): ValueKind {
  if (name === 'file' || name === 'run') return 'file'
  if (name === 'node') return 'node'
  return name === 'name' && command !== 'abort' ? 'testnet' : 'text'
}
