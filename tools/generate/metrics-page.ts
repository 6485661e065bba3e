import { type Catalogue, catalogues } from '../../api/metrics/catalogue.ts'

/** docs/metrics.md from the catalogue. */
export function metricsPage(): string {
  return `# Metrics

Generated from api/metrics/ by \`npm run generate\`.
${catalogues.map(section).join('')}`
}

function section({ title, served, metrics }: Catalogue): string {
  const rows = Object.entries(metrics).map(
    ([name, { type, labels, help }]) => `| \`${name}\` | ${type} | ${labels.join(', ') || '–'} | ${help} |`,
  )
  return `
## ${title}

${served}

| name | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}
`
}
