// Every expression of the dashboards as Prometheus gets it: with Grafana's variables filled in.
import { dashboards } from './dashboards.ts'
import type { Shows } from './panel.ts'
import { faultWindows } from './render.ts'

export interface Chosen {
  readonly namespace: string
  readonly testnet: string
  /** Regular expressions. Everything when they are left out. */
  readonly group?: string
  readonly node?: string
  readonly operator?: string
  /** Grafana takes at least four scrape intervals, e.g. `20s`. */
  readonly rateInterval: string
}

export interface PlainExpression {
  /** Title of its dashboard, its panel, and its legend. */
  readonly from: string
  readonly expression: string
  readonly shows: Shows
}

/** In the order of the dashboards; the last is that of the annotations. */
export function expressions(chosen: Chosen): PlainExpression[] {
  const values: Record<string, string> = {
    __rate_interval: chosen.rateInterval,
    namespace: chosen.namespace,
    testnet: chosen.testnet,
    group: chosen.group ?? '.*',
    node: chosen.node ?? '.*',
    operator: chosen.operator ?? '.*',
  }
  const plain = (expression: string): string =>
    expression.replace(/\$(\w+)/g, (variable, name: string) => {
      const value = values[name]
      if (value === undefined) throw new Error(`${variable} of ${expression} is no variable of the dashboards`)
      return value
    })
  return [
    ...dashboards.flatMap(({ title, rows }) =>
      rows.flatMap(({ panels }) =>
        panels.flatMap(panel =>
          panel.targets.map(({ expression, legend }) => ({
            from: `${title} > ${panel.title} > ${legend}`,
            expression: plain(expression),
            shows: panel.shows,
          })),
        ),
      ),
    ),
    {
      from: 'annotations > Faults',
      expression: plain(faultWindows),
      shows: { faults: 'marks the times in which a fault is in force' },
    },
  ]
}
