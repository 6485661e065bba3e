// A dashboard as Grafana's JSON.

import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import type { DashboardSource } from './panel.ts'
import { datasource, panelHeight, renderPanel } from './render-panel.ts'
import { seen, sum } from './series.ts'

/** All dashboards have it, and their links find each other by it. */
const tag = 'trellis'
const columns = 24

/** The SDK hides links and annotations in a menu of Grafana 12 and gives no way not to. */
function inSight(dashboard: Dashboard): Dashboard {
  for (const shown of [...(dashboard.links ?? []), ...(dashboard.annotations.list ?? [])]) delete shown.placement
  return dashboard
}

type Variable = DashboardSource['variables'][number]

export function renderDashboard(source: DashboardSource): Dashboard {
  const builder = new DashboardBuilder(source.title)
    .uid(source.uid)
    .description(source.description)
    .tags([tag])
    .readonly()
    .timezone('browser')
    .time({ from: 'now-15m', to: 'now' })
    .refresh('5s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Trellis')
        .type(DashboardLinkType.Dashboards)
        .tags([tag])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
  for (const name of source.variables) builder.withVariable(variable(name))
  if (source.variables.includes('testnet')) builder.annotation(faults())
  place(source, builder)
  return inSight(builder.build())
}

const sources: Record<Variable, { metric: string; label: string; several: boolean }> = {
  namespace: { metric: 'trellis_testnet_nodes', label: 'Namespace', several: false },
  testnet: { metric: 'trellis_testnet_nodes{namespace=~"$namespace"}', label: 'Testnet', several: false },
  group: {
    metric: 'trellis_node_info{namespace=~"$namespace",testnet=~"$testnet"}',
    label: 'Group',
    several: true,
  },
  node: {
    metric: 'trellis_node_info{namespace=~"$namespace",testnet=~"$testnet",group=~"$group"}',
    label: 'Node',
    several: true,
  },
  operator: { metric: 'leader_election_master_status', label: 'Operator', several: true },
}

function variable(name: Variable): QueryVariableBuilder {
  const { metric, label, several } = sources[name]
  const values = `label_values(${metric}, ${name === 'operator' ? 'instance' : name})`
  const builder = new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ qryType: 1, query: values, refId: name })
    .definition(values)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(several)
    .includeAll(several)
  if (several) builder.allValue('.*').current({ text: 'All', value: '$__all' })
  return builder
}

/** Shades the times in which an experiment has a fault in force. */
function faults(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name('Faults')
    .datasource(datasource)
    .enable(true)
    .iconColor('orange')
    .target(new DataqueryBuilder().refId('Faults').expr(faultWindows).range())
    .expr(faultWindows)
    .titleFormat('{{experiment}}')
    .textFormat('faults in force')
    .step('')
}
export const faultWindows = `${sum('experiment', seen.gauge('trellis_experiment_faults_active'))} > 0`

/** Panels from left to right, as many in a line as fit. */
function place({ rows }: DashboardSource, builder: DashboardBuilder): void {
  let id = 1
  let y = 0
  for (const { title, panels } of rows) {
    builder.withRow(new RowBuilder(title).id(id++).gridPos({ x: 0, y: y++, w: columns, h: 1 }))
    let x = 0
    let height = 0
    for (const panel of panels) {
      if (x + panel.width > columns) {
        y += height
        x = 0
        height = 0
      }
      builder.withPanel(renderPanel(panel, { id: id++, x, y }))
      x += panel.width
      height = Math.max(height, panelHeight(panel))
    }
    y += height
  }
}
