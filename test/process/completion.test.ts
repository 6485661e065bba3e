// The completion scripts in the shells themselves. bash is on every machine; zsh and fish come from Debian, once, and where
// they cannot be had their cases skip and say so.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cachedPackages } from '../../tools/debian-packages.ts'

const launcher = resolve(import.meta.dirname, '../../bin/trellis')
const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

let folder: string
/** Below it the shell lies as Debian puts it; `missing` says why it does not. */
const prefixes: Partial<Record<Shell, { folder: string } | { missing: string }>> = { bash: { folder: '' } }
const script = (shell: Shell): string => join(folder, `trellis.${shell}`)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trellis-completion-'))
  for (const shell of shells) writeFileSync(script(shell), execFileSync(launcher, ['completion', shell]))
  for (const path of ['state/one/nodes/boot-0', 'state/one/nodes/miner-0', 'state/other', 'files'])
    mkdirSync(join(folder, path), { recursive: true })
  writeFileSync(join(folder, 'files', 'net.yaml'), '')
  prefixes.zsh = existsSync('/bin/zsh') ? { folder: '' } : await cachedPackages(['zsh', 'zsh-common'])
  const fish = ['fish', 'fish-common', 'libpcre2-32-0']
  prefixes.fish = existsSync('/usr/bin/fish') ? { folder: '' } : await cachedPackages(fish)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Types the line and asks for completion; `wanted` ends the wait where a terminal is read. */
const complete: Readonly<Record<Shell, (prefix: string, line: string, wanted: string) => string>> = {
  bash: (_prefix, line) => shell('bash', ['--norc', '-c', bashTry, 'bash', script('bash'), ...line.split(' ')]),
  fish: (prefix, line) =>
    shell(
      join(prefix || '/', 'usr/bin/fish'),
      ['--no-config', '-c', `source ${script('fish')}; complete -C '${line}'`],
      {
        LD_LIBRARY_PATH: libraries(prefix),
      },
    ),
  zsh: (prefix, line, wanted) =>
    shell(join(prefix || '/', 'bin/zsh'), ['-f', '-c', zshTry, 'zsh', prefix, script('zsh'), line, wanted]),
}

const bashTry = `source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _trellis; printf '%s\\n' "\${COMPREPLY[@]}"`

// A shell on a terminal of its own: only there zsh completes.
const zshTry = `module_path+=($1/usr/lib/*/zsh/*(N/)); zmodload zsh/zpty
told() { local out all=''; integer n=0
  while ((n++ < 200)); do
    if zpty -rt typed out; then all+=$out; [[ $all == *$1* ]] && break; else sleep 0.05; fi
  done 2>/dev/null
  print -r -- "$all"; }
zpty -b typed \${1:-}/bin/zsh -f -i
zpty -w typed "module_path=($module_path) fpath+=($1/usr/share/zsh/functions/**/*(N/)); autoload -Uz compinit; compinit -u -D; source $2; PS1=; stty -echo; echo REA''DY"
told READY >/dev/null
zpty -n -w typed "$3"$'\\t\\t'
told "$4"; zpty -d typed`

function shell(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { stdout, stderr, error } = spawnSync(program, args, {
    cwd: join(folder, 'files'),
    env: { PATH: process.env.PATH, HOME: folder, TRELLIS_HOME: join(folder, 'state'), TERM: 'xterm', ...env },
    encoding: 'utf8',
    timeout: 30_000,
  })
  if (error) throw error
  expect(stderr).toBe('')
  return stdout
}

const libraries = (prefix: string): string =>
  prefix &&
  readdirSync(join(prefix, 'usr/lib'))
    .map(name => join(prefix, 'usr/lib', name))
    .join(':')

const lines: readonly (readonly [string, string, string])[] = [
  ['a command', 'trellis st', 'status'],
  ['a command of a command', 'trellis chaos j', 'judge'],
  ['a flag', 'trellis chaos run --rec', '--record'],
  ['a testnet', 'trellis nodes oth', 'other'],
  ['a node of the testnet', 'trellis logs -f one m', 'miner-0'],
  ['a format', 'trellis nodes -o y', 'yaml'],
  ['a file', 'trellis up n', 'net.yaml'],
  ['what comes after the value of a flag', 'trellis nodes -n default oth', 'other'],
]

for (const shell of shells)
  test.for(lines)(`${shell} completes %s`, ([, line, wanted], { skip }) => {
    const prefix = prefixes[shell]!
    if ('missing' in prefix) return skip(`no ${shell} here: ${prefix.missing}`)
    const found = complete[shell](prefix.folder, line, wanted)
    // On a terminal the word stands in the line; the others list what fits.
    if (shell === 'zsh') expect(found).toContain(line.replace(/\S+$/, wanted))
    else expect(found.split('\n').map(each => each.split('\t')[0])).toEqual([wanted, ''])
  })

test.for(shells)('%s lists every command, and none that is hidden', (shell, { skip }) => {
  const prefix = prefixes[shell]!
  if ('missing' in prefix) return skip(`no ${shell} here: ${prefix.missing}`)
  const found = complete[shell](prefix.folder, 'trellis ', 'watch')
  for (const command of ['up', 'down', 'status', 'chaos', 'dump', 'watch']) expect(found).toContain(command)
  expect(found).not.toContain('supervise')
})
