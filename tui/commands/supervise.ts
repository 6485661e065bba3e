// trellis supervise NAME: what `up --detach` starts; not for people.
import type { Command } from 'commander'
import { reportToStarter } from '../../operator/local/detach.ts'
import { LocalError } from '../../operator/local/errors.ts'
import { stateRoot } from '../../operator/local/state-folder.ts'
import { supervise } from '../../operator/local/supervise.ts'
import { listenForInterrupts } from '../interrupts.ts'
import type { Terminal } from '../terminal.ts'

export function addSupervise(program: Command, terminal: Terminal): void {
  program
    .command('supervise <name>', { hidden: true })
    .requiredOption('--ready-timeout <ms>', 'milliseconds', Number)
    .action(async (name: string, options: { readyTimeout: number }) => {
      const { stop, force } = listenForInterrupts()
      try {
        await supervise({
          root: stateRoot(terminal.env),
          name,
          readyTimeoutMs: options.readyTimeout,
          stop,
          force,
          onChange: record => reportToStarter({ kind: 'change', record }),
          onReady: record => reportToStarter({ kind: 'ready', record }),
          warn: message => terminal.err(message),
        })
      } catch (error) {
        const known =
          error instanceof LocalError
            ? error
            : new LocalError('supervisor-gone', String((error as Error).stack ?? error), 'report it')
        const { code, message, mend, detail } = known
        reportToStarter({ kind: 'failed', code, message, mend, detail })
        throw error
      } finally {
        if (process.connected) process.disconnect?.()
      }
    })
}
