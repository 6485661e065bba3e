// Boots the virtual machine, without acceleration where there is none, and reads its console.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeImage } from './image.ts'
import type { VmParts } from './parts.ts'

/** What the script printed. @throws with the console when the machine does not stop by itself in time, or prints FAILED */
export async function runInVm(parts: VmParts, script: string, withinMs: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trellis-vm-'))
  try {
    const { image, kernel } = await makeImage(parts, script, folder)
    // Time goes by instructions and leaps over idleness: what is measured does not depend on who else uses this machine.
    const clock = ['-icount', 'shift=0,sleep=off']
    const machine = ['-machine', 'pc', '-accel', 'tcg', '-cpu', 'max', '-smp', '1', '-m', '512']
    const devices = ['-nodefaults', '-display', 'none', '-serial', 'stdio', '-no-reboot']
    const boot = ['-kernel', kernel, '-initrd', image, '-append', 'console=ttyS0 quiet panic=-1 mitigations=off']
    const child = spawn(parts.qemu, [...machine, ...clock, ...devices, ...boot], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: withinMs,
      killSignal: 'SIGKILL',
    })
    let console = ''
    child.stdout.on('data', chunk => (console += chunk))
    child.stderr.on('data', chunk => (console += chunk))
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (...ended) => resolve(ended))
    })
    if (code !== 0 || /FAILED|Kernel panic/.test(console)) {
      throw new Error(`the virtual machine ended with ${code ?? signal}:\n${console}`)
    }
    return console
  } finally {
    await rm(folder, { recursive: true })
  }
}
