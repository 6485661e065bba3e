import { defineConfig } from 'vitest/config'

const shared = { pool: 'forks' as const, testTimeout: 60_000, hookTimeout: 60_000 }
// Whole networks on a machine that others use too: what fails is tried once more, and the report names it as retried.
const crowded = { ...shared, testTimeout: 120_000, hookTimeout: 120_000, retry: 1 }

// Unit and property tests stand beside the code they test. Tests with whole networks of processes stand in test/: they
// run after the others and one file at a time, because each of them wants the machine. `*.api.test.ts` have a real API
// server (test/cluster/api-tier.setup.ts); `*.kernel.test.ts` have network namespaces, and skip where there are none.
const apiTests = '**/*.api.test.ts'
const kernelTests = '**/*.kernel.test.ts'
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['{api,node,operator,chaos,tui,tools,dashboards}/**/*.test.ts'],
          exclude: [apiTests],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...crowded,
          name: 'api',
          include: [`{api,operator,tools,test}/${apiTests}`],
          globalSetup: ['test/cluster/api-tier.setup.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...crowded,
          name: 'process',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cluster/**', apiTests, kernelTests],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...crowded,
          name: 'kernel',
          include: [`test/agent/${kernelTests}`],
          globalSetup: ['test/agent/tools.setup.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
