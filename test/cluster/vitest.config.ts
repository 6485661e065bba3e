import { basename } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Cases share the cluster, and most of their time is waiting. They run in phases: what everything else relies on; what can
// go on side by side; what kills the operator; what takes machines, the operator or the definitions away, and at the very
// end what looks back at the whole run.
const first = ['cluster', 'quickstart']
const killing = ['scale', 'rollout', 'suspend', 'chaos-campaign']
const last = ['machines', 'deletion', 'permissions']

const files = (names: readonly string[]): string[] => names.map(name => `cases/${name}.test.ts`)
const order = [...first, ...killing, ...last]
const place = ({ moduleId }: TestSpecification): number => order.indexOf(basename(moduleId, '.test.ts'))

class InOrder extends BaseSequencer {
  override async sort(found: TestSpecification[]): Promise<TestSpecification[]> {
    return found.toSorted((a, b) => place(a) - place(b) || a.moduleId.localeCompare(b.moduleId))
  }
}

interface Phase {
  readonly name: string
  readonly include: string[]
  readonly exclude?: string[]
  readonly maxWorkers: number
}

const phases: readonly Phase[] = [
  { name: 'first', include: files(first), maxWorkers: 1 },
  { name: 'calm', include: ['cases/*.test.ts'], exclude: files(order), maxWorkers: 3 },
  { name: 'killing', include: files(killing), maxWorkers: 3 },
  { name: 'last', include: files(last), maxWorkers: 1 },
]

/** main.ts gives the cases their cluster. */
export default defineConfig({
  test: {
    root: 'test/cluster',
    sequence: { sequencer: InOrder },
    projects: phases.map((phase, index) => ({
      test: {
        ...phase,
        root: 'test/cluster',
        pool: 'forks' as const,
        // Of order 0, what has one worker would run after all others.
        sequence: { groupOrder: index + 1 },
        testTimeout: 300_000,
        retry: 1,
        hookTimeout: 300_000,
      },
    })),
  },
})
