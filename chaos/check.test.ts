import { expect, test } from 'vitest'
import { InputError } from '../api/errors.ts'
import { experimentKind } from '../api/experiment.ts'
import { parseDocuments } from '../api/parse.ts'
import { checkAgainst, checkForMachine } from './check.ts'

const nodes = ['miner-0', 'miner-1', 'miner-2', 'load-0'].map(name => ({
  name,
  group: name.split('-')[0]!,
  role: name.split('-')[0]!,
  region: 'eu',
}))

const document = (faults: string, more = ''): string => `apiVersion: trellis.dev/v1alpha1
kind: ChaosExperiment
metadata: {name: cut}
spec:
  testnet: quick
  faults:
    - ${faults}
${more}`

/** What parsing, and then the testnet's nodes, have against the document. */
function problemsOf(text: string): string[] {
  try {
    const [parsed] = parseDocuments(text, 'f.yaml', [experimentKind])
    return [...checkForMachine(parsed!.value), ...checkAgainst(parsed!.value, 'quick', nodes)].map(fault => {
      const { path, message, mend } = parsed!.problem(fault)
      return `${path}: ${message}; ${mend}`
    })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return error.problems.map(({ path, message, mend }) => `${path}: ${message}; ${mend}`)
  }
}

test.each([
  ['{name: a, duration: 20s, partition: {shape: halves}}'],
  [
    '{name: a, at: 5s, duration: 20s, select: {roles: [miner], count: 2}, latency: {delay: 100ms, jitter: 10ms, correlation: 25%}}',
  ],
  ['{name: a, duration: 20s, partition: {shape: groups, groups: [[miner], [load]], direction: in}}'],
  ['{name: a, duration: 20s, select: {percent: 50%}, kill: {}}'],
  ['{name: a, duration: 20s, kill: {stagger: 5s}}'],
  ['{name: a, duration: 20s, clock: {behind: 1500ms}}'],
  ['{name: a, duration: 20s, bandwidth: {rate: 1Mbit/s}}\n    - {name: b, duration: 20s, loss: {percent: 5%}}'],
])('accepts %s', faults => expect(problemsOf(document(faults))).toEqual([]))

test.each([
  ['{name: a, duration: 20s}', 'says not what `a` does'],
  ['{name: a, duration: 20s, kill: {}, pause: {}}', 'stands beside `kill`'],
  ['{name: a, duration: 25h, kill: {}}', 'must be at most 24h'],
  ['{name: a, at: 20h, duration: 5h, kill: {}}', 'the run allows 24h'],
  [
    '{name: a, duration: 20s, kill: {}}\n    - {name: a, duration: 1s, pause: {}}',
    '`a` is the name of spec.faults[0] too',
  ],
  ['{name: a, duration: 20s, partition: {shape: groups}}', 'needs its sides'],
  [
    '{name: a, duration: 20s, partition: {shape: halves, groups: [[miner], [load]]}}',
    'does not apply to shape `halves`',
  ],
  [
    '{name: a, duration: 20s, partition: {shape: groups, groups: [[miner], [load, miner]]}}',
    'group `miner` is on side 1 already',
  ],
  ['{name: a, duration: 20s, partition: {shape: bridge, direction: in}}', 'needs exactly two sides'],
  ['{name: a, duration: 20s, partition: {shape: halfs}}', 'did you mean `halves`?'],
  ['{name: a, duration: 20s, select: {groups: [miners]}, kill: {}}', 'did you mean `miner`?'],
  [
    '{name: a, duration: 20s, select: {names: [miner-7]}, kill: {}}',
    'spec.faults[0].select.names[0]: the testnet has no name `miner-7`',
  ],
  ['{name: a, duration: 20s, select: {regions: [mars]}, kill: {}}', 'it has eu'],
  ['{name: a, duration: 20s, select: {roles: [load], groups: [miner]}, kill: {}}', 'no node matches all its criteria'],
  [
    '{name: a, duration: 20s, select: {count: 1}, partition: {shape: halves}}',
    '1 nodes are too few for shape `halves`',
  ],
  ['{name: a, duration: 20s, select: {count: 1, percent: 20%}, kill: {}}', 'stands beside `count`'],
  ['{name: a, duration: 20, kill: {}}', 'write for example'],
  ['{name: a, duration: 1s, kill: {stagger: 2h}}', 'must be at most 1h'],
  ['{name: a, duration: 23h, kill: {stagger: 50m}}', 'with 4 targets the fault ends 91800s after the start'],
  ['{name: a, duration: 1s, clock: {}}', 'says not how wrong the clock is'],
  ['{name: a, duration: 1s, clock: {ahead: 1s, behind: 1s}}', 'a clock cannot be ahead and behind'],
  ['{name: a, duration: 1s, clock: {ahead: 2h}}', 'must be at most 1h'],
  ['{name: a, duration: 20s, explode: {}}', 'has no field `explode`'],
  ['{name: a, duration: 20s, latency: {delay: 50ms, reordering: 60%}}', 'must be at most 50%'],
  [
    '{name: a, duration: 20s, latency: {delay: 50ms, reordering: 10%}}',
    'spec.faults[0].latency.reordering: reordering needs the kernel',
  ],
  ['{name: a, duration: 20s, kill: {how: pod}}', 'spec.faults[0].kill.how: there are no pods on this machine'],
])('refuses %s: %s', (faults, expected) => expect(problemsOf(document(faults)).join('\n')).toContain(expected))

test('refuses a fault that ends after the run, the kernel injector and another testnet', () => {
  const fault = '{name: a, at: 5s, duration: 20s, kill: {}}'
  expect(problemsOf(document(fault, '  duration: 10s\n'))[0]).toBe(
    'spec.faults[0].duration: the fault ends 25s after the start, but the run allows 10s; end it within 10s or raise spec.duration',
  )
  expect(problemsOf(document(fault, '  injector: kernel\n'))[0]).toContain('needs the net agent beside the nodes')
  expect(problemsOf(document(fault, '  repeat: 3\n'))[0]).toContain('nobody stays to start the runs')
  expect(problemsOf(document(fault, '  schedule: {cron: 99 3 * * *}\n'))[0]).toBe(
    'spec.schedule.cron: `99 3 * * *` is no cron expression: Invalid value for minute: 99; write minute, hour, day of month, month and day of week, as `30 3 * * *`',
  )
  expect(problemsOf(document(fault, '  schedule: {cron: 0 3 * * *, timeZone: Mars}\n'))[0]).toContain(
    '`Mars` is no time zone known here',
  )
  const long = document(fault, '  repeat: 3\n').replace('name: cut', `name: ${'c'.repeat(45)}`)
  expect(problemsOf(long)[0]).toContain('metadata.name: has 45 characters')
  expect(problemsOf(document(fault).replace('testnet: quick', 'testnet: slow'))[0]).toContain(
    '`slow` is not the testnet at hand',
  )
})
