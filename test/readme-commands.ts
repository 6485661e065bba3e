// What README.md tells people to type, and which tests run it: test/readme.test.ts what needs one machine, a case of
// test/cluster what needs a cluster. A block of commands for a cluster stands below `<!-- runs: cluster -->`.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export type Tier = 'machine' | 'cluster'

export interface ReadmeCommand {
  readonly tier: Tier
  /** As it is written, without its comment. */
  readonly command: string
}

export const repository = resolve(import.meta.dirname, '..')
export const readme = readFileSync(join(repository, 'README.md'), 'utf8')

const programs = /^(bin\/trellis|npm|helm|kubectl) /

/** In their order. @throws Error for a mark that names no tier, or that no block of commands follows */
export function commandsOf(markdown: string): ReadmeCommand[] {
  let tier: Tier = 'machine'
  let fenced = false
  let within = false
  const commands: ReadmeCommand[] = []
  for (const line of markdown.split('\n')) {
    const mark = /^<!-- runs: (.*) -->$/.exec(line)
    if (mark) {
      if (mark[1] !== 'cluster') throw new Error(`${line}: there is \`cluster\`; what has no mark needs one machine`)
      tier = 'cluster'
      continue
    }
    const fence = line.startsWith('```')
    if (fence) fenced = !fenced
    const code = fence || fenced || line.startsWith('    ')
    // A mark holds for the next block of code only.
    if (within && !code && line.trim() !== '') tier = 'machine'
    if (!within && !code && line.trim() !== '' && tier !== 'machine')
      throw new Error(`<!-- runs: ${tier} --> stands before text: ${line}`)
    if (code || line.trim() !== '') within = code
    if (!code || fence) continue
    const command = line.replace(/\s+#.*$/, '').trim()
    if (programs.test(command)) commands.push({ tier, command })
  }
  return commands
}

export const readmeCommands = commandsOf(readme)
