// Completion for bash 3.2 and newer, without the package bash-completion. Pure.
import { casesOf, STATE_FOLDER } from './cases.ts'
import type { Argument, CommandTree } from './tree.ts'

export function bashScript(tree: CommandTree): string {
  const { name } = tree
  const f = `_${name}`
  const { all, steps, values, positions } = casesOf(tree)
  const words = (list: readonly string[]): string => `COMPREPLY=($(compgen -W '${list.join(' ')}' -- "$cur"))`
  const offer = ({ kind, choices }: Argument): string => {
    if (choices.length > 0) return words(choices)
    if (kind === 'file') return `COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null`
    if (kind === 'testnet') return `COMPREPLY=($(compgen -W "$(${f}_folders "$root")" -- "$cur"))`
    if (kind === 'node') return `COMPREPLY=($(compgen -W "$(${f}_folders "$root/$first/nodes")" -- "$cur"))`
    return ':'
  }
  return `# bash completion of ${name}. Made by \`${name} completion bash\`.
${f}_folders() {
  local folder
  for folder in "$1"/*/; do
    folder=\${folder%/}
    [ -d "$folder" ] && printf '%s\\n' "\${folder##*/}"
  done
}
${f}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} root="${STATE_FOLDER}"
  local path= skip= first= word= i count=0
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [ -n "$skip" ]; then skip=; continue; fi
    case "$path $word" in
${steps.map(({ from, word, to }) => `      '${from} ${word}') path='${to}' ;;`).join('\n')}
${values.map(({ path, flag }) => `      '${path} ${flag}') skip=1 ;;`).join('\n')}
      *' -'*) ;;
      *) [ "$count" = 0 ] && first=$word; count=$((count + 1)) ;;
    esac
  done
  if [ -n "$skip" ]; then
    case "$path $word" in
${values.map(({ path, flag, ...value }) => `      '${path} ${flag}') ${offer(value)} ;;`).join('\n')}
    esac
    return
  fi
  if [ "\${cur:0:1}" = - ]; then
    case "$path" in
${all.map(({ path, flags }) => `      '${path}') ${words(flags.flatMap(flag => flag.names))} ;;`).join('\n')}
    esac
    return
  fi
  case "$path $count" in
${all
  .filter(({ commands }) => commands.length > 0)
  .map(({ path, commands }) => `    '${path} 0') ${words(commands.map(command => command.name))} ;;`)
  .join('\n')}
${positions.map(({ path, at, ...argument }) => `    '${path} ${at}') ${offer(argument)} ;;`).join('\n')}
  esac
}
complete -F ${f} ${name}
`
}
