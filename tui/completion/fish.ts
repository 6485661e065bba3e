// Completion for fish 3 and newer. Pure.
import { casesOf, quoted } from './cases.ts'
import type { Argument, CommandTree } from './tree.ts'

export function fishScript(tree: CommandTree): string {
  const { name } = tree
  const f = `__${name}`
  const { all, steps, values, positions } = casesOf(tree)
  const offer = ({ kind, choices }: Argument): string => {
    if (choices.length > 0) return `-xa '${choices.join(' ')}'`
    if (kind === 'file') return '-F'
    if (kind === 'testnet') return `-xa '(${f}_folders)'`
    if (kind === 'node') return `-xa '(${f}_folders (${f}_at first)/nodes)'`
    return '-x'
  }
  const lines = all.flatMap(({ path, commands, flags }) => [
    ...commands.map(
      command => `complete -c ${name} -n "${f}_is '${path} 0'" -a ${command.name} -d ${quoted(command.summary)}`,
    ),
    ...flags.map(({ names, description, value, optional }) => {
      const spelled = names
        .map(each => (each.startsWith('--') ? `-l ${each.slice(2)}` : `-s ${each.slice(1)}`))
        .join(' ')
      return `complete -c ${name} -n "${f}_in '${path}'" ${spelled} ${value && !optional ? offer(value) : ''} -d ${quoted(description)}`
    }),
  ])
  return `# fish completion of ${name}. Made by \`${name} completion fish\`.
function ${f}_at
    set -l where ''
    set -l count 0
    set -l skip 0
    set -l first ''
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch "$where $word"
${steps.map(({ from, word, to }) => `            case '${from} ${word}'\n                set where '${to}'`).join('\n')}
            case ${values.map(({ path, flag }) => `'${path} ${flag}'`).join(' ')}
                set skip 1
            case '* -*'
            case '*'
                test $count = 0; and set first $word
                set count (math $count + 1)
        end
    end
    switch "$argv[1]"
        case first
            echo $first
        case where
            echo "$where"
        case '*'
            echo "$where $count"
    end
end
function ${f}_is
    test (${f}_at) = "$argv[1]"
end
function ${f}_in
    test (${f}_at where) = "$argv[1]"
end
function ${f}_folders
    set -l root $HOME/.local/state/trellis
    test -n "$XDG_STATE_HOME"; and set root $XDG_STATE_HOME/trellis
    test -n "$TRELLIS_HOME"; and set root $TRELLIS_HOME
    for folder in "$root/$argv[1]"/*/
        basename $folder
    end
end
complete -c ${name} -f
${lines.join('\n')}
${positions.map(({ path, at, ...argument }) => `complete -c ${name} -n "${f}_is '${path} ${at}'" ${offer(argument)}`).join('\n')}
`
}
