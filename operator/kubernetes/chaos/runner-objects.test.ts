import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { runnerObjects } from './runner-objects.ts'
import { checkStoredExperiment } from './stored-experiment.ts'
import { experiment, iso, runner, T0 } from './worlds.fixture.ts'

test('the objects of a run', async () => {
  const { valid } = checkStoredExperiment(experiment('halves'))
  const plan = { seed: 'halves', endsBy: iso(T0 + 300_000), faults: [] }
  const objects = runnerObjects({ experiment: valid!, plan, runner, now: T0 })
  const yaml = objects.map(({ object }) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
  await expect(yaml.join('---\n')).toMatchFileSnapshot('golden/runner.yaml')
})
