// Completion for zsh, to be read after compinit. Pure.
import { casesOf, quoted, STATE_FOLDER } from './cases.ts'
import type { Argument, CommandTree } from './tree.ts'

export function zshScript(tree: CommandTree): string {
  const { name } = tree
  const f = `_${name}`
  const { all, steps, values, positions } = casesOf(tree)
  const offer = ({ kind, choices }: Argument): string => {
    if (choices.length > 0) return `compadd -- ${choices.join(' ')}`
    if (kind === 'file') return '_files'
    if (kind === 'testnet') return 'compadd -- $root/*(N/:t)'
    if (kind === 'node') return 'compadd -- $root/$first/nodes/*(N/:t)'
    return ':'
  }
  // A colon ends the word that is described.
  const described = (word: string, text: string): string => quoted(`${word.replaceAll(':', '\\:')}:${text}`)
  return `#compdef ${name}
# zsh completion of ${name}. Made by \`${name} completion zsh\`.
${f}() {
  local root="${STATE_FOLDER}"
  local where= skip= first= word= i count=0
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if [[ -n $skip ]]; then skip=; continue; fi
    case "$where $word" in
${steps.map(({ from, word, to }) => `      '${from} ${word}') where='${to}' ;;`).join('\n')}
${values.map(({ path, flag }) => `      '${path} ${flag}') skip=1 ;;`).join('\n')}
      *' -'*) ;;
      *) [[ $count == 0 ]] && first=$word; ((count += 1)) ;;
    esac
  done
  if [[ -n $skip ]]; then
    case "$where $word" in
${values.map(({ path, flag, ...value }) => `      '${path} ${flag}') ${offer(value)} ;;`).join('\n')}
    esac
    return
  fi
  if [[ \${words[CURRENT]} == -* ]]; then
    case "$where" in
${all
  .map(
    ({ path, flags }) =>
      `      '${path}') offered=(${flags.flatMap(flag => flag.names.map(each => described(each, flag.description))).join(' ')}) ;;`,
  )
  .join('\n')}
    esac
    _describe -o option offered
    return
  fi
  case "$where $count" in
${all
  .filter(({ commands }) => commands.length > 0)
  .map(
    ({ path, commands }) =>
      `    '${path} 0') offered=(${commands.map(command => described(command.name, command.summary)).join(' ')}); _describe command offered ;;`,
  )
  .join('\n')}
${positions.map(({ path, at, ...argument }) => `    '${path} ${at}') ${offer(argument)} ;;`).join('\n')}
  esac
}
# Read by \`source\` it announces itself; as a file of fpath it is called.
if [[ \${funcstack[1]} == ${f} ]]; then ${f} "$@"; else compdef ${f} ${name}; fi
`
}
