// The values, without Helm: what the file has, the schema knows, and the other way round.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseResources } from '../../api/kinds.ts'
import { operatorConfigSchema } from '../../operator/kubernetes/config.ts'
import { chartValuesSchema } from '../../tools/generate/chart-values.ts'
import { readText } from './chart.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

test('values.yaml holds every value, and each is what the schema says', () => {
  expect(chartValuesSchema.safeParse(parse(readText('values.yaml'))).error).toBeUndefined()
})

test('what values.yaml says to the operator is what the operator takes for granted', () => {
  const { nodes, ...values } = parse(readText('values.yaml'))
  const own = operatorConfigSchema.parse({ namespace: 'a', nodes: { image: 'a' }, operator: { pod: {} } })
  const shared = ({ concurrency, logLevel }: typeof own) => ({ concurrency, logLevel })
  expect(shared(values)).toEqual(shared(own))
  expect(nodes.resources).toEqual(own.nodes.resources)
  expect(nodes.image.pullPolicy).toBe(own.nodes.imagePullPolicy)
  expect(values.watch.namespaces).toEqual(own.namespaces)
})

test('every value of the first level is explained', () => {
  const lines = readText('values.yaml').split('\n')
  const unexplained = lines.filter((line, at) => {
    if (!/^[a-z]\w*:/i.test(line)) return false
    const block = [lines[at - 1], lines[at + 1]]
    return !block.some(near => near?.trimStart().startsWith('#'))
  })
  // Known to everybody who installs charts.
  const usual =
    /^(serviceAccount|service|resources|(pod|deployment)(Labels|Annotations)|nodeSelector|tolerations|affinity|topologySpreadConstraints|priorityClassName|image):/
  expect(unexplained.filter(line => !usual.test(line))).toEqual([])
})

test('the chart has the version of the program', () => {
  expect(parse(readText('Chart.yaml'))).toMatchObject({ version, appVersion: version })
})

test('the testnet of `helm test` is one, of two nodes', () => {
  const [parsed] = parseResources(readText('files/testnet.yaml'), 'testnet.yaml')
  expect(parsed?.value).toMatchObject({ kind: 'Testnet', spec: { groups: [{ count: 2 }] } })
})
