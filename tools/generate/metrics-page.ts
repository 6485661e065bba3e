import { type MetricDefinition, nodeMetrics } from '../../api/metrics.ts'

/** docs/metrics.md from the catalogue. */
export function metricsPage(): string {
  const rows = Object.entries(nodeMetrics as Record<string, MetricDefinition>).map(
    ([name, { type, labels, help }]) => `| \`${name}\` | ${type} | ${labels.join(', ') || '–'} | ${help} |`,
  )
  return `# Metrics

Generated from api/metrics.ts by \`npm run generate\`. Every node serves these at \`/metrics\` with the labels \`testnet\`,
\`node\` and \`group\`, besides prom-client's own \`process_\` and \`nodejs_\` metrics.

| name | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}
`
}
