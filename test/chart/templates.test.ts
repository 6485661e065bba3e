// What Helm makes of the chart.
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { $ } from 'zx'
import { operatorConfigSchema } from '../../operator/kubernetes/config.ts'
import { chart, objectsOf, readText, render, tool, valueSets, valuesFile } from './chart.ts'

const found = await tool('helm')
const helm = 'program' in found ? found.program : ''
const rendered = (set: string, ...options: string[]) => render(helm, ['--values', valuesFile(set), ...options])

describe.skipIf(helm === '')('the chart', () => {
  test.each(valueSets)('passes `helm lint --strict` with the values %s', async set => {
    const { stdout, exitCode } = await $({
      quiet: true,
      nothrow: true,
    })`${helm} lint --strict ${chart} --values ${valuesFile(set)}`
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('0 chart(s) failed')])
  })

  test.each(valueSets)('renders as before with the values %s', async set => {
    const yaml = await rendered(set)
    // Generated from the schemas, which have tests of their own.
    const documents = yaml.split(/^---\n/m).filter(document => !/^kind: CustomResourceDefinition$/m.test(document))
    await expect(documents.join('---\n')).toMatchFileSnapshot(`golden/${set}.yaml`)
  })

  test.each(valueSets)('gives the operator a configuration that it takes, with the values %s', async set => {
    const config = objectsOf(await rendered(set)).find(({ kind, data }) => kind === 'ConfigMap' && data['config.json'])
    const parsed = operatorConfigSchema.parse(JSON.parse(config?.data['config.json']))
    expect(parsed.lease).toBe(config?.metadata.name)
    // What nodes let in is what the operator's pods are.
    const deployment = objectsOf(await rendered(set)).find(({ kind }) => kind === 'Deployment')!
    expect(deployment.spec.template.metadata.labels).toMatchObject(parsed.operator.pod)
  })

  test('restarts the operator when its configuration changes, and only then', async () => {
    const checksum = async (...options: string[]) =>
      objectsOf(await rendered('defaults', ...options)).find(({ kind }) => kind === 'Deployment')!.spec.template
        .metadata.annotations['checksum/configuration']
    const before = await checksum()
    expect(await checksum('--set', 'concurrency=5')).not.toBe(before)
    expect(await checksum('--set', 'serviceAccount.annotations.a=b')).toBe(before)
  })

  test('installs the definitions as its values say', async () => {
    const definitions = async (...options: string[]) =>
      objectsOf(await rendered('defaults', ...options))
        .filter(({ kind }) => kind === 'CustomResourceDefinition')
        .map(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'])
    expect(await definitions()).toEqual(['keep', 'keep'])
    expect(await definitions('--set', 'crds.keep=false')).toEqual([undefined, undefined])
    expect(await definitions('--set', 'crds.enabled=false')).toEqual([])
  })

  test('ships the alerts as they are, with runbooks where its values say', async () => {
    const rulesOf = async (...options: string[]) =>
      objectsOf(await rendered('monitored', ...options)).find(({ kind }) => kind === 'PrometheusRule')?.spec
    const own = parse(readText('files', 'alerts', 'trellis.rules.yaml'))
    expect(await rulesOf('--set', 'prometheusRule.runbooks=')).toEqual(own)
    expect(JSON.stringify(await rulesOf()).replaceAll('https://runbooks.example.org/trellis/', 'docs/alerts/')).toBe(
      JSON.stringify(own),
    )
    expect(await rulesOf('--set', 'prometheusRule.enabled=false')).toBeUndefined()
  })

  test('selects the operator alone: not its test, not the nodes', async () => {
    const objects = objectsOf(await rendered('defaults'))
    const { selector } = objects.find(({ kind }) => kind === 'Service')!.spec
    const pods = objects.flatMap(({ kind, metadata, spec }) =>
      kind === 'Pod' ? [metadata.labels] : kind === 'Deployment' ? [spec.template.metadata.labels] : [],
    )
    const selected = pods.filter(labels => Object.entries(selector).every(([name, text]) => labels?.[name] === text))
    expect([pods.length, selected.length]).toEqual([2, 1])
  })

  test('keeps names in their bounds however long the release is called', async () => {
    const long = 'a'.repeat(53)
    const yaml = (await $({ quiet: true })`${helm} template ${long} ${chart} --namespace trellis-system`).stdout
    const names = objectsOf(yaml).map(({ metadata }) => metadata.name)
    expect(names.filter(name => name.length > 63)).toEqual([])
    expect(new Set(names.filter(name => name.startsWith('a')).map(name => name.slice(0, 40))).size).toBe(1)
  })

  test('says what to do next', async () => {
    const { stdout } = await $({
      quiet: true,
    })`${helm} install trellis ${chart} --dry-run=client --namespace trellis-system`
    const notes = stdout.slice(stdout.indexOf('NOTES:'))
    expect(notes).toContain('kubectl apply -n default -f examples/quickstart.yaml')
    expect(notes).toContain('helm test trellis -n trellis-system')
  })

  const refused: readonly [what: string, option: string, message: string][] = [
    ['a misspelt value', 'replica=2', "additional properties 'replica' not allowed"],
    ['a misspelt value below', 'image.tagg=1', "at '/image': additional properties 'tagg' not allowed"],
    ['a text for a number', 'replicas=two', "at '/replicas': got string, want integer"],
    ['a number for a text', 'image.tag=1', "at '/image/tag': got number, want string"],
    ['fewer operators than none', 'replicas=-1', "at '/replicas'"],
    ['a digest that is none', 'image.digest=sha256:1', "at '/image/digest'"],
    ['an unknown log level', 'logLevel=loud', "at '/logLevel': value must be one of 'error', 'warn', 'info', 'debug'"],
    ['an unknown pull policy', 'nodes.image.pullPolicy=Sometimes', "at '/nodes/image/pullPolicy'"],
    ['more work than the operator takes', 'concurrency=65', "at '/concurrency': maximum: got 65, want 64"],
    ['an amount that is none', 'nodes.resources.requests.cpu=much', "at '/nodes/resources/requests/cpu'"],
    ['thousandths of a byte', 'nodes.resources.requests.memory=192m', "at '/nodes/resources/requests/memory'"],
    [
      'a label that the chart selects by',
      'podLabels.app\\.kubernetes\\.io/name=other',
      "at '/podLabels/app.kubernetes.io~1name'",
    ],
    ['a limit that nodes do not have', 'nodes.resources.limits.disk=1', "additional properties 'disk' not allowed"],
    ['a namespace that cannot be', 'watch.namespaces={Team}', "at '/watch/namespaces/0'"],
    ['a namespace twice', 'watch.namespaces={a,a}', "at '/watch/namespaces': items at 0 and 1 are equal"],
    ['a scraper without its pods', 'nodes.scraper.namespace.a=b', "missing property 'pod'"],
    ['a subject without its kind', 'readApi.subjects[0].name=a', "missing property 'kind'"],
    ['runbooks that are no address', 'prometheusRule.runbooks=docs', "at '/prometheusRule/runbooks'"],
    ['a value taken away', 'image=null', "missing property 'image'"],
    ['a name that is too long', `fullnameOverride=${'a'.repeat(41)}`, "at '/fullnameOverride'"],
  ]
  test.each(refused)('refuses %s', async (_, option, message) => {
    const { exitCode, stderr } = await $({
      quiet: true,
      nothrow: true,
    })`${helm} template trellis ${chart} --set ${option}`
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(message)])
  })
})
