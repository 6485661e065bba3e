// The rules of a ChaosExperiment for the API server. Left to the operator: shapes against the testnet's groups, and times
// of cron.
import { actionKinds, experimentSpecSchema, MAX_SERIES_NAME } from '../experiment.ts'
import type { KindRules, Rule } from './rules.ts'

const fault = 'spec.faults[]'
const given = actionKinds.map(kind => `has(self.${kind})`)

const optional = ['duration', 'seed', 'schedule', 'repeat']
const fixed = Object.keys(experimentSpecSchema.shape)
  .filter(name => name !== 'abort')
  .map(name =>
    optional.includes(name)
      ? `has(self.${name}) == has(oldSelf.${name}) && (!has(self.${name}) || self.${name} == oldSelf.${name})`
      : `self.${name} == oldSelf.${name}`,
  )

const rules: readonly Rule[] = [
  {
    path: fault,
    rule: `[${given.join(', ')}].filter(given, given).size() == 1`,
    message: `a fault does exactly one thing: give one of ${actionKinds.join(', ')}`,
  },
  {
    path: `${fault}.select`,
    rule: '!has(self.percent) || !has(self.count)',
    message: 'stands beside count: keep one of the two',
    fieldPath: '.percent',
  },
  {
    path: `${fault}.clock`,
    rule: 'has(self.ahead) != has(self.behind)',
    message: 'a clock is either ahead or behind: give one of the two',
  },
  {
    path: `${fault}.partition`,
    rule: "(self.shape == 'groups') == has(self.groups)",
    message: 'shape groups lists its sides under groups, and no other shape does',
    fieldPath: '.groups',
  },
  {
    path: fault,
    rule: "!has(self.partition) || self.partition.shape != 'groups' || !has(self.select)",
    message: 'does not apply to shape groups, which lists its sides itself',
    fieldPath: '.select',
  },
  {
    path: `${fault}.partition`,
    rule: "self.direction == 'both' || (!(self.shape in ['bridge', 'majorities-ring']) && (!has(self.groups) || size(self.groups) == 2))",
    message: 'a direction needs exactly two sides: write both',
    fieldPath: '.direction',
  },
  {
    path: 'spec',
    rule: "self.faults.all(f, duration(f.at) + duration(f.duration) <= duration(has(self.duration) ? self.duration : '24h'))",
    message: 'a fault ends after the run: end it earlier or raise spec.duration',
    fieldPath: '.faults',
  },
  {
    path: 'spec',
    rule: `[${fixed.join(', ')}].all(same, same)`,
    message: 'an experiment is a record of one run: only abort may be set, for another run make a new one',
  },
  {
    path: '',
    rule: `!(has(self.spec.schedule) || has(self.spec.repeat)) || size(self.metadata.name) <= ${MAX_SERIES_NAME}`,
    message: `of a schedule or of repeats has at most ${MAX_SERIES_NAME} characters: the names of its runs are longer`,
    fieldPath: '.metadata.name',
  },
  {
    path: 'spec',
    rule: '!oldSelf.abort || self.abort',
    message: 'cannot be taken back: the run is over; make a new one',
    fieldPath: '.abort',
  },
]

export const experimentRules: KindRules = {
  rules,
  listKeys: { 'spec.faults': ['name'], 'status.conditions': ['type'] },
}
