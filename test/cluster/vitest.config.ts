import { basename } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// What every case relies on comes first, what takes machines or the operator away last, and what looks back at the whole
// run after all.
const first = ['cluster', 'quickstart']
const last = ['machines', 'deletion', 'permissions']
const place = ({ moduleId }: TestSpecification): number => {
  const name = basename(moduleId, '.test.ts')
  return last.includes(name)
    ? first.length + last.indexOf(name) + 1
    : first.includes(name)
      ? first.indexOf(name)
      : first.length
}

class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => place(a) - place(b) || a.moduleId.localeCompare(b.moduleId))
  }
}

// One cluster, one file at a time. main.ts gives the cases their cluster.
export default defineConfig({
  test: {
    root: 'test/cluster',
    include: ['cases/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    sequence: { sequencer: InOrder },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
