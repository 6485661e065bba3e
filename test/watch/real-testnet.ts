// A testnet of real nodes on this machine, as people start one, for the dashboard to look at.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const launcher = resolve(import.meta.dirname, '../../bin/trellis')

/** Four nodes whose blocks come twice a second; a cut into halves shows after a second or two. */
export const testnetFile = (name: string): string => `apiVersion: trellis.dev/v1alpha1
kind: Testnet
metadata: { name: ${name} }
spec:
  chain: { blockInterval: 500ms }
  groups:
    - { name: boot, role: bootstrap }
    - { name: miner, role: miner, count: 3 }
`

export interface Cut {
  readonly name: string
  readonly atSeconds: number
  readonly forSeconds: number
}

/** Cuts into halves, one after the other. */
export const cutsFile = (testnet: string, cuts: readonly Cut[]): string => `apiVersion: trellis.dev/v1alpha1
kind: ChaosExperiment
metadata: { name: halves }
spec:
  testnet: ${testnet}
  steadyState: { within: 60s, samples: 2, finalizing: false }
  faults:
${cuts
  .map(
    ({ name, atSeconds, forSeconds }) =>
      `    - { name: ${name}, at: ${atSeconds}s, duration: ${forSeconds}s, partition: { shape: halves } }`,
  )
  .join('\n')}
  heal: { within: 30s, samples: 2, observe: 2s }
`

export class RealTestnet {
  readonly home: string
  readonly name: string

  private constructor(home: string, name: string) {
    this.home = home
    this.name = name
  }

  /** Resolves when all its nodes are ready. `yaml`: of a testnet of that name. */
  static async up(home: string, name: string, yaml = testnetFile(name)): Promise<RealTestnet> {
    const testnet = new RealTestnet(home, name)
    await testnet.trellis('up', testnet.file('testnet.yaml', yaml), '--detach')
    return testnet
  }

  /** Writes a file beside it; returns its path. */
  file(name: string, text: string): string {
    const path = join(this.home, `${this.name}-${name}`)
    writeFileSync(path, text)
    return path
  }

  /** stdout of a command. @throws Error with what it said */
  async trellis(...words: readonly string[]): Promise<string> {
    return (await run(launcher, words, { env: { ...process.env, TRELLIS_HOME: this.home, NO_COLOR: '1' } })).stdout
  }

  async down(): Promise<void> {
    await this.trellis('down', this.name)
  }
}
