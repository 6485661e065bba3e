// What the chart makes of the dashboards.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chart, objectsOf, render, tool } from './chart.ts'

const found = await tool('helm')
const helm = 'program' in found ? found.program : ''
const folder = join(chart, '../../dashboards/grafana')
const files = readdirSync(folder).filter(name => name.endsWith('.json'))

/** What an API server takes as the data of a ConfigMap. */
const MAX_DATA_BYTES = 1_048_576

describe.skipIf(helm === '')('dashboards of the chart', () => {
  const configMaps = async (...options: string[]) =>
    objectsOf(await render(helm, ['--set', 'crds.enabled=false', ...options])).filter(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.includes('-dashboard-'),
    )

  test('are not there unless asked for', async () => {
    expect(await configMaps()).toEqual([])
  })

  test('are the files of dashboards/grafana, one to a ConfigMap, with the label of the sidecar', async () => {
    const made = await configMaps('--set', 'dashboards.enabled=true')
    expect(made.map(({ data }) => Object.keys(data)).sort()).toEqual(files.map(name => [name]).sort())
    for (const { metadata, data } of made) {
      expect(metadata).toMatchObject({ namespace: 'trellis-system', labels: { grafana_dashboard: '1' } })
      for (const [name, text] of Object.entries<string>(data)) {
        expect(text).toBe(readFileSync(join(folder, name), 'utf8'))
        expect(text.length).toBeLessThan(MAX_DATA_BYTES)
      }
    }
  })

  test('go where the sidecar looks, with what it wants to know', async () => {
    const [one] = await configMaps(
      ...['--set', 'dashboards.enabled=true', '--set', 'dashboards.namespace=monitoring'],
      ...['--set', 'dashboards.annotations.grafana_folder=Trellis', '--set', 'dashboards.labels.team=nets'],
    )
    expect(one?.metadata).toMatchObject({
      namespace: 'monitoring',
      labels: { grafana_dashboard: '1', team: 'nets' },
      annotations: { grafana_folder: 'Trellis' },
    })
  })
})
