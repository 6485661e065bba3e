import { defineConfig } from 'vitest/config'

// One cluster, one file at a time. `npm run test:cluster` sets KUBECONFIG.
export default defineConfig({
  test: {
    root: 'test/cluster',
    include: ['cases/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
