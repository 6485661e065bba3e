// trellis completion SHELL: a script that tells the shell what can be typed.
import { Argument, type Command } from 'commander'
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { type CommandTree, treeOf } from '../completion/tree.ts'
import { zshScript } from '../completion/zsh.ts'
import type { Terminal } from '../terminal.ts'

const scripts: Readonly<Record<string, (tree: CommandTree) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

export function addCompletion(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .summary('what a shell needs to complete commands, flags, testnets, nodes')
    .description(
      'Prints a script that lets a shell complete commands, flags, and the names of testnets of this machine and of their nodes. They are read from folders, so that no process is started for it.',
    )
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(Object.keys(scripts)))
    .action((shell: string) => terminal.out(scripts[shell]!(treeOf(program))))
}
