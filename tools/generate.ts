// Makes every generated file: `node tools/generate.ts`. With --check it writes nothing and fails when one is stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ruleFile } from '../dashboards/alerts/rules.ts'
import { dashboardFiles } from '../dashboards/source/dashboards.ts'
import { chartValuesJsonSchema } from './generate/chart-values.ts'
import { commandPage } from './generate/command-page.ts'
import { crdTemplates } from './generate/crds.ts'
import { metricsPage } from './generate/metrics-page.ts'
import { referencePage } from './generate/reference-page.ts'

const root = join(import.meta.dirname, '..')
const rules = ruleFile()
const files: Record<string, string> = {
  'dashboards/alerts/trellis.rules.yaml': rules,
  'charts/trellis/files/alerts/trellis.rules.yaml': rules,
  'charts/trellis/values.schema.json': chartValuesJsonSchema(),
  'docs/command.md': commandPage(),
  'docs/metrics.md': metricsPage(),
  'docs/reference.md': referencePage(),
  ...crdTemplates(),
  ...dashboardFiles(),
}

const check = process.argv.includes('--check')
const stale: string[] = []
for (const [name, content] of Object.entries(files)) {
  const path = join(root, name)
  if ((await readFile(path, 'utf8').catch(() => '')) === content) continue
  stale.push(name)
  if (check) continue
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}
if (check && stale.length > 0) {
  console.error(`stale: ${stale.join(', ')}; run \`npm run generate\` and commit the result`)
  process.exitCode = 1
} else
  console.log(check ? 'all generated files are current' : `wrote ${stale.join(', ') || 'nothing: all were current'}`)
