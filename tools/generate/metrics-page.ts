import { type Catalogue, catalogues } from '../../api/metrics/catalogue.ts'
import type { MetricDefinition } from '../../api/metrics/definition.ts'

/** docs/metrics.md from the catalogue. */
export function metricsPage(): string {
  return `# Metrics

Generated from api/metrics/ by \`npm run generate\`.

\`trellis up\` names all targets of a testnet in \`prometheus-targets.json\` beside its record, for \`file_sd_configs\`: the
supervisor, which can be read on loopback without a token, and every node, also one that is down. The file is there as long
as the testnet, readable for the user who started it. In a cluster the chart has PodMonitors (\`podMonitor.enabled\`) for
operator, nodes, net agents and runners, or annotations (\`scrapeAnnotations\`) for all but the agents; \`nodes.scraper\` lets
Prometheus in. Scrape with \`honor_labels: true\`: series name their testnet, and the operator’s also its namespace
(docs/grafana.md has whole configurations).
${catalogues.map(section).join('')}`
}

function section({ title, served, metrics, notes = [] }: Catalogue): string {
  const rows = Object.entries(metrics).map(
    ([name, { type, labels, values, help }]) =>
      `| \`${name}\` | ${type} | ${labels.map(label => withValues(label, values)).join('; ') || '–'} | ${help} |`,
  )
  return `
## ${title}

${served}

| name | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}
${notes.map(note => `\n${note}\n`).join('')}`
}

/** The label, and its values where they are known beforehand. */
function withValues(label: string, values: MetricDefinition['values']): string {
  const known = values?.[label]
  return known === undefined ? label : `${label} (${known.join(', ')})`
}
