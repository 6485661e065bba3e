// The chart, judged by a linter of the field. By kube-score: Go's module proxy does not give the module of kube-linter out.
import { describe, expect, test } from 'vitest'
import { $ } from 'zx'
import { render, tool, valueSets, valuesFile } from './chart.ts'

/** Rules that are not kept, and why. */
const ignored = {
  'container-image-pull-policy': 'references name a version; a machine that holds it needs no registry to start a pod',
  'container-ephemeral-storage-request-and-limit':
    'root file systems are read-only; what is left are logs, which the kubelet rotates',
  'pod-networkpolicy':
    'the API server, where all go, has an address that no selector names; the pod of `helm test` opens no port',
  'deployment-replicas': 'one operator works; a second stands by, which a testnet outlives for some seconds without',
  'deployment-has-host-podantiaffinity': 'the constraint on topology spread does it, and lets one machine do',
} as const
/** `--ignore-container-cpu-limit`: a limit throttles the operator in the middle of its work; the request is its share. */
const options = ['--ignore-container-cpu-limit', '--kubernetes-version', 'v1.35', '--exit-one-on-warning']

const helm = await tool('helm')
const linter = await tool('kube-score')

describe.skipIf('missing' in helm || 'missing' in linter)('kube-score', () => {
  const score = async (yaml: string, rules: readonly string[]) => {
    const ignore = rules.flatMap(rule => ['--ignore-test', rule])
    const program = 'program' in linter ? linter.program : ''
    const run = $({ quiet: true, nothrow: true, input: yaml })
    const { exitCode, stdout } = await run`${program} score - ${options} ${ignore} --output-format ci`
    return { exitCode, problems: stdout.split('\n').filter(line => /^\[(CRITICAL|WARNING)\]/.test(line)) }
  }
  const rendered = (set: string) =>
    render('program' in helm ? helm.program : '', ['--values', valuesFile(set), '--set', 'crds.enabled=false'])

  test.each(valueSets)('finds nothing with the values %s', async set => {
    expect(await score(await rendered(set), Object.keys(ignored))).toEqual({ exitCode: 0, problems: [] })
  })

  test.each(Object.keys(ignored))('would find something without ignoring %s', async rule => {
    const rest = Object.keys(ignored).filter(other => other !== rule)
    const results = await Promise.all(['defaults', 'available'].map(async set => score(await rendered(set), rest)))
    expect(results.some(({ problems }) => problems.length > 0)).toBe(true)
  })
})
