import { defineConfig } from 'vitest/config'

// Unit and property tests stand beside the code they test; tests with real processes and sockets stand in test/.
export default defineConfig({
  test: {
    include: ['{api,node,operator,chaos,tui,tools,test}/**/*.test.ts'],
    exclude: ['test/cluster/**', 'node_modules/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
