// All dashboards, in the order of their links.
import { chain } from './chain.ts'
import { chaos } from './chaos.ts'
import { gossip } from './gossip.ts'
import { nodes } from './node.ts'
import { operators } from './operator.ts'
import type { DashboardSource } from './panel.ts'
import { renderDashboard } from './render.ts'
import { testnet } from './testnet.ts'

export const dashboards: readonly DashboardSource[] = [testnet, gossip, chain, nodes, chaos, operators]

const folders = ['dashboards/grafana', 'charts/trellis/files/dashboards'] as const

/** The generated files: for a Grafana that reads a folder, and the same for the chart, which reads nothing outside of it. */
export function dashboardFiles(): Record<string, string> {
  const files: Record<string, string> = {}
  for (const source of dashboards) {
    const content = `${JSON.stringify(renderDashboard(source), null, 2)}\n`
    for (const folder of folders) files[`${folder}/${source.uid}.json`] = content
  }
  return files
}
