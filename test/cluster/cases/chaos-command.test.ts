// `kubectl trellis chaos` against the real thing: the operator, the runner's Job and nodes in pods.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Verdict } from '../../../api/verdict.ts'
import { experiments } from '../../../operator/kubernetes/chaos/stored-experiment.ts'
import { installed } from '../chart.ts'
import { get } from '../cluster-api.ts'
import { stateOf } from '../explanation.ts'
import { boot, miners, TestNamespace } from '../testnets.ts'
import { type Shell, shellIn } from '../typed.ts'
import { notInstallable } from '../under-test.ts'

const cut = (name: string, seconds: number) => `<<'EOF'
apiVersion: trellis.dev/v1alpha1
kind: ChaosExperiment
metadata: { name: ${name} }
spec:
  testnet: net
  faults:
    - { name: halves, duration: ${seconds}s, partition: { shape: halves } }
  heal: { within: 30s, lostTransactions: 0 }
EOF`

describe.skipIf(notInstallable)('the command on experiments in pods', () => {
  let space: TestNamespace
  let shell: Shell
  beforeAll(async () => {
    await installed()
    space = await TestNamespace.create('chaos-command')
    const testnet = await space.testnet('net', [boot, miners(4)], { chain: { blockInterval: '1s' } })
    await testnet.untilReady(120_000)
    shell = await shellIn(space.name)
  })
  afterAll(async () => {
    await shell?.remove()
    await space?.remove()
  })
  const type = async (line: string) =>
    await shell.type(line).catch(async error => {
      throw new Error(`${line}\n${error}\n${await stateOf(space.name)}`)
    })
  // A name is taken by the run before, also by one that is tried again.
  let runs = 0
  const stored = (name: string) => get(experiments, { namespace: space.name, name })

  test('runs one, and judges the record of its runner as that did', async () => {
    const name = `cut-${++runs}`
    const { stdout, stderr } = await type(
      `kubectl trellis chaos run - --report cut.html --junit cut.xml --record run.json -o json ${cut(name, 10)}`,
    )
    expect(JSON.parse(stdout) as Verdict).toMatchObject({ result: 'passed', experiment: name, fidelity: 'userspace' })
    expect(stderr).toMatch(/fault halves, \d+ s left \| side 1: \w+ at \d+ \(.*\) \| side 2: \w+ at \d+ \(/)
    expect(stderr).not.toContain('the worse of the two')
    expect((await stored(name))?.status).toMatchObject({ phase: 'Passed' })
    const { stdout: again } = await type('trellis chaos judge run.json -o json')
    expect(JSON.parse(again)).toEqual(JSON.parse(stdout))
    const { stdout: listed } = await type('kubectl trellis chaos list')
    expect(listed).toMatch(new RegExp(`^${name} +net +Passed +Healed +\\d+\\.\\ds +\\d+ +\\d+[sm]$`, 'm'))
    const { stdout: printed } = await type('ls; grep -c "<testcase" cut.xml; kubectl get chaos')
    expect(printed).toMatch(/cut\.html(.|\n)*\n10\n(.|\n)*Passed/)
  })

  test('Ctrl-C lifts the faults, and the run is judged by what was recorded', async () => {
    // As `timeout` does it: a signal to the command, and its own code when that ends in order.
    const name = `stopped-${++runs}`
    const line = `timeout --preserve-status -s TERM 60 kubectl trellis chaos run - -o json ${cut(name, 120)}`
    const { stdout, stderr } = await type(`{ ${line}\n} || test $? -eq 2`)
    expect(stderr).toContain('aborting: its faults are lifted')
    expect(JSON.parse(stdout)).toMatchObject({ result: 'inconclusive', reason: expect.stringMatching(/^aborted: /) })
    expect((await stored(name))?.status).toMatchObject({ phase: 'Aborted' })
  })
})
