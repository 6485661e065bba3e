// Examples of every command: its help and docs/command.md show them. Each is a line that can be typed.
import type { Command } from 'commander'

export interface Example {
  readonly line: string
  /** What it is for, in a few words. */
  readonly what: string
}

const example = (line: string, what: string): Example => ({ line, what })

/** By the words of the command. */
export const examples: Readonly<Record<string, readonly Example[]>> = {
  up: [
    example('trellis up examples/quickstart.yaml', 'run it until Ctrl-C'),
    example('trellis up examples/quickstart.yaml --detach --name second', 'behind the shell, under another name'),
    example('trellis up examples/quickstart.yaml --context', 'in the cluster of the current context'),
  ],
  down: [
    example('trellis down quickstart', 'end it and remove its data'),
    example('trellis down --keep-data', 'end the only one; `up` goes on from its data'),
  ],
  status: [
    example('trellis status', 'all testnets of this machine, or the only one with its conditions'),
    example('trellis status quickstart --watch', 'as it changes'),
    example('trellis status -A --context -o json', 'all namespaces of a cluster, for a program'),
  ],
  nodes: [
    example('trellis nodes quickstart -o wide', 'with addresses and peer ids'),
    example('trellis nodes -o name | head -1', 'the name of the first node'),
  ],
  logs: [
    example('trellis logs quickstart miner-0 --tail 50', 'what one node said last'),
    example('trellis logs -f', 'what all nodes say, until Ctrl-C'),
  ],
  watch: [
    example('trellis watch quickstart', 'the dashboard; ? shows its keys'),
    example('trellis watch --plain', 'lines, for a screen reader or a log'),
  ],
  plan: [
    example('trellis plan examples/quickstart.yaml', 'nodes, regions, addresses, latency'),
    example('trellis plan examples/quickstart.yaml -n default', 'what would change in a cluster'),
  ],
  chaos: [
    example('trellis chaos run examples/partition-halves.yaml', 'break, heal, judge'),
    example('trellis chaos list', 'what runs'),
  ],
  'chaos run': [
    example('trellis chaos run examples/partition-halves.yaml --report report.html', 'with a report to look at'),
    example('trellis chaos run examples/partition-halves.yaml --junit out.xml -o json', 'for CI; the exit code tells'),
  ],
  'chaos judge': [example('trellis chaos judge run.json -v', 'with the evidence of what passed')],
  'chaos list': [
    example('trellis chaos list -w', 'as they go on'),
    example('trellis chaos list -n default -o name', 'the names of those in a cluster'),
  ],
  'chaos abort': [example('trellis chaos abort partition-halves', 'lift its faults at once')],
  dump: [
    example('trellis dump quickstart', 'quickstart-dump-TIME.tar.gz in this folder'),
    example('trellis dump quickstart -n default -o report.tar.gz', 'of a cluster, where you like'),
  ],
  check: [
    example('trellis check', 'is this machine fit for testnets'),
    example('trellis check --context -o json', 'is the cluster, and are you allowed to'),
  ],
  demo: [example('trellis demo --report demo', 'three minutes; the report is in demo/')],
  completion: [
    example('source <(trellis completion bash)', 'in ~/.bashrc'),
    example('source <(trellis completion zsh)', 'in ~/.zshrc, after compinit'),
    example('trellis completion fish | source', 'in ~/.config/fish/config.fish'),
  ],
  version: [example('trellis version -o json', 'for a bug report')],
}

/** `chaos run`: the words after the program's name. */
export const pathOf = (command: Command): string =>
  command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.parent ? command.name() : ''

/** Adds its examples to the help of a command. `program`: how people call us. */
export function addExamples(command: Command, program: string): void {
  const lines = (examples[pathOf(command)] ?? []).map(({ line, what }) => ({
    line: line.replaceAll(/\btrellis (?=[a-z])/g, `${program} `),
    what,
  }))
  if (lines.length === 0) return
  command.addHelpText('after', `\nExamples:\n${lines.map(({ line, what }) => `  # ${what}\n  ${line}`).join('\n')}`)
}
