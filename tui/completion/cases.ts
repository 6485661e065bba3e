// The same three tables for every shell: which word leads to which command, which flag takes a value, what a position is.
import { type CommandTree, flatten, type ValueKind } from './tree.ts'

/** Where testnets are on this machine, as shells write it: operator/local/state-folder.ts says why there. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
export const STATE_FOLDER = '${TRELLIS_HOME:-${XDG_STATE_HOME:-$HOME/.local/state}/trellis}'

export interface Step {
  /** `chaos/run`: words with a slash, as it is no part of a word that is matched. */
  readonly from: string
  readonly word: string
  readonly to: string
}

export interface FlagValue {
  readonly path: string
  readonly flag: string
  readonly kind: ValueKind
  readonly choices: readonly string[]
}

export interface Position {
  readonly path: string
  /** From 0. */
  readonly at: number
  readonly kind: ValueKind
  readonly choices: readonly string[]
}

const key = (path: string): string => path.replaceAll(' ', '/')

export function casesOf(tree: CommandTree) {
  const all = flatten(tree)
  return {
    all: all.map(command => ({ ...command, path: key(command.path) })),
    steps: all.flatMap(command =>
      command.commands.map((child): Step => ({ from: key(command.path), word: child.name, to: key(child.path) })),
    ),
    values: all.flatMap(command =>
      command.flags.flatMap(({ names, value, optional }) =>
        // What may stand alone is not waited for: the next word may be an argument.
        value === undefined || optional
          ? []
          : names.map((flag): FlagValue => ({ path: key(command.path), flag, ...value })),
      ),
    ),
    positions: all.flatMap(command =>
      command.arguments.map((argument, at): Position => ({ path: key(command.path), at, ...argument })),
    ),
  }
}

/** For a text within single quotes of any shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
