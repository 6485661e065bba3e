// trellis down [NAME]: ends a testnet, also one whose supervisor died; leaves nothing.
import type { Command } from 'commander'
import { listenForInterrupts } from '../interrupts.ts'
import { stderrProgress } from '../progress.ts'
import type { Terminal } from '../terminal.ts'
import { addPlaceOptions, type PlaceOptions, withSource } from './place.ts'
import { parseSeconds } from './seconds.ts'

interface DownOptions extends PlaceOptions {
  readonly keepData?: boolean
  readonly timeout?: number
}

export function addDown(program: Command, terminal: Terminal): void {
  addPlaceOptions(program.command('down [name]').description('end a testnet and remove its data'))
    .option('--keep-data', 'keep the data of the nodes; `up` of the same file goes on from it')
    .option('--timeout <seconds>', 'how long to wait until its pods are gone (in a cluster)', parseSeconds)
    .action((name: string | undefined, options: DownOptions) => down(name, options, terminal))
}

async function down(name: string | undefined, options: DownOptions, terminal: Terminal): Promise<void> {
  const progress = stderrProgress(terminal.live)
  const interrupts = listenForInterrupts()
  try {
    const { keepData = false, timeout: timeoutMs } = options
    const done = await withSource(options, terminal, source =>
      source.down({ name, keepData, timeoutMs }, text => progress.update(text), interrupts.stop),
    )
    progress.clear()
    terminal.out(done)
  } finally {
    progress.clear()
    interrupts.release()
  }
}
