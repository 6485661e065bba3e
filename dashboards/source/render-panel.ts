// A panel in Grafana's words.
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog'
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  HeatmapCellLayout,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard'
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import * as stat from '@grafana/grafana-foundation-sdk/stat'
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline'
import * as tablePanel from '@grafana/grafana-foundation-sdk/table'
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries'
import type { Meaning, PanelSource } from './panel.ts'

/** Every panel asks the Prometheus that is chosen at the top. */
export const datasource = { type: 'prometheus', uid: '$datasource' } as const

const heights: Record<PanelSource['kind'], number> = { lines: 8, number: 4, states: 8, heat: 8, table: 8 }
const letter = (at: number): string => String.fromCharCode('A'.charCodeAt(0) + at)

/** The panel at its place in the grid. */
export function renderPanel(source: PanelSource, place: { id: number; x: number; y: number }): Builder<Panel> {
  const builder = builders[source.kind](source)
  // Instead of "No data", which reads as if something were wrong with the scrape.
  if (source.shows !== 'healthy') builder.noValue('nothing yet')
  const { id, x, y } = place
  builder
    .id(id)
    .title(source.title)
    .description(source.description)
    .datasource(datasource)
    .gridPos({ x, y, w: source.width, h: panelHeight(source) })
  return builder
}

export const panelHeight = ({ kind }: PanelSource): number => heights[kind]

const builders = { lines: ofLines, number: ofNumber, states: ofStates, heat: ofHeat, table: ofTable }

function queries(source: PanelSource, shape: (query: DataqueryBuilder) => DataqueryBuilder): Builder<Dataquery>[] {
  return source.targets.map(({ expression, legend }, at) =>
    shape(new DataqueryBuilder().refId(letter(at)).datasource(datasource).expr(expression).legendFormat(legend)),
  )
}

function ofLines(source: PanelSource): timeseries.PanelBuilder {
  const builder = new timeseries.PanelBuilder()
    .unit(source.unit)
    .targets(queries(source, query => query.range()))
    .lineWidth(1)
    .fillOpacity(source.stacked ? 25 : 5)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  if (source.stacked) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal))
  if (!source.signed) builder.min(0)
  return builder
}

/** With meanings the value is there twice: as a number, and as the word for it. */
function ofNumber(source: PanelSource): stat.PanelBuilder {
  const { meanings } = source
  const word = letter(source.targets.length)
  const targets = queries(source, query => query.instant())
  const builder = new stat.PanelBuilder()
    .unit(source.unit)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(
      meanings || (source.targets.length === 1 && !source.targets[0]?.legend.includes('{{'))
        ? BigValueTextMode.Value
        : BigValueTextMode.ValueAndName,
    )
  if (!meanings) return builder.targets(targets)
  const judged = source.targets[0]
  if (!judged) throw new Error(`the panel "${source.title}" has meanings and no target to judge by them`)
  targets.push(
    new DataqueryBuilder()
      .refId(word)
      .datasource(datasource)
      .expr(judged.expression)
      .legendFormat('in a word')
      .instant(),
  )
  return builder
    .targets(targets)
    .thresholds(thresholds(meanings))
    .overrideByQuery(word, [{ id: 'mappings', value: mappings(meanings) }])
}

function ofStates(source: PanelSource): statetimeline.PanelBuilder {
  const meanings = source.meanings ?? []
  return new statetimeline.PanelBuilder()
    .unit(source.unit)
    .targets(queries(source, query => query.range()))
    .mappings(mappings(meanings))
    .thresholds(thresholds(meanings))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .rowHeight(0.85)
    .fillOpacity(75)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .dataLinks(source.targets.some(({ legend }) => legend === '{{node}}') ? [toNode()] : [])
}

function ofHeat(source: PanelSource): heatmap.PanelBuilder {
  return new heatmap.PanelBuilder()
    .unit(source.unit)
    .targets(queries(source, query => query.range().format(PromQueryFormat.Heatmap)))
    .calculate(false)
    .rowsFrame(new heatmap.RowsHeatmapOptionsBuilder().layout(HeatmapCellLayout.Auto))
    .yAxis(new heatmap.YAxisConfigBuilder().unit(source.unit))
    .cellValues(new heatmap.CellValuesBuilder().unit('short'))
    .tooltip(new heatmap.HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(true))
    .showLegend()
}

function ofTable(source: PanelSource): tablePanel.PanelBuilder {
  return new tablePanel.PanelBuilder()
    .unit(source.unit)
    .targets(queries(source, query => query.instant().format(PromQueryFormat.Table)))
    .filterable(true)
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true, Value: true } } })
}

function toNode(): DashboardLinkBuilder {
  return new DashboardLinkBuilder('This node').type(DashboardLinkType.Link).url(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
    '/d/trellis-node?${datasource:queryparam}&${namespace:queryparam}&${testnet:queryparam}&var-node=${__field.labels.node}&${__url_time_range}',
  )
}

function mappings(meanings: readonly Meaning[]): ValueMapping[] {
  return meanings.map(({ from, to, text, color }, index) => ({
    type: MappingType.RangeToText,
    options: { from, to, result: { text, color, index } },
  }))
}

function thresholds(meanings: readonly Meaning[]): ThresholdsConfigBuilder {
  const steps = meanings.map(({ from, color }, at): Threshold => ({ value: at === 0 ? null : from, color }))
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps)
}
