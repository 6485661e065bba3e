import { defineConfig } from 'vitest/config'

const shared = { pool: 'forks' as const, testTimeout: 60_000, hookTimeout: 60_000 }

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
          include: ['{api,node,operator,chaos,tui,tools}/**/*.test.ts'],
          exclude: [apiTests],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'api',
          include: [`{api,operator,tools,test}/${apiTests}`],
          globalSetup: ['test/cluster/api-tier.setup.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: 'process',
          include: ['test/**/*.test.ts'],
          exclude: ['test/cluster/**', apiTests, kernelTests],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...shared,
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
