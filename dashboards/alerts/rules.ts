// The alerts as the file of rules that Prometheus loads.
import { stringify } from 'yaml'
import type { AlertGroup } from './alert.ts'
import { faultAlerts, operatorAlerts } from './machinery.ts'
import { testnetAlerts } from './testnet.ts'

export const alertGroups: readonly AlertGroup[] = [testnetAlerts, faultAlerts, operatorAlerts]
export const alerts = alertGroups.flatMap(group => group.alerts)

/** The page of an alert. In the chart, a value says where these are served. */
export const runbook = (alert: string): string => `docs/alerts/${alert}.md`

/** The text of trellis.rules.yaml. */
export function ruleFile(): string {
  const groups = alertGroups.map(group => ({
    name: group.name,
    rules: group.alerts.map(({ name, severity, expression, for: lasting, summary, description }) => ({
      alert: name,
      expr: expression,
      ...(lasting !== undefined && { for: lasting }),
      labels: { severity },
      annotations: { summary, description, runbook_url: runbook(name) },
    })),
  }))
  return `# Made from dashboards/alerts by \`npm run generate\`.\n${stringify({ groups }, { lineWidth: 0 })}`
}
