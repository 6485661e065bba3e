import type { Command } from 'commander'
import type { SetExit } from '../program.ts'
import type { Terminal } from '../terminal.ts'

export function addChaos(_program: Command, _terminal: Terminal, _setExit: SetExit): void {}
