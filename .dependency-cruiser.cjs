// The directions of dependency. Pure folders import no I/O, no clock, no randomness: those are arguments.
const ours = '^(api|node|operator|chaos|sim|tui|charts|dashboards)/'
const pure = '^(api|node/(chain|gossip|sync|peers)|operator/testnet)/'
const tests = '\\.test\\.ts$'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'api-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^api/' },
      to: { path: ours, pathNot: '^api/' },
    },
    {
      name: 'node-stands-alone',
      severity: 'error',
      from: { path: '^node/' },
      to: { path: '^(operator|chaos|sim|tui|test)/' },
    },
    { name: 'chaos-not-operator', severity: 'error', from: { path: '^chaos/' }, to: { path: '^(operator|tui|test)/' } },
    { name: 'operator-not-tui', severity: 'error', from: { path: '^operator/' }, to: { path: '^(tui|test)/' } },
    {
      name: 'pure-folders-do-no-io',
      comment: 'pure folders take the clock, randomness and I/O as arguments',
      severity: 'error',
      from: { path: pure, pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-folders-use-no-shell',
      severity: 'error',
      from: { path: '^node/(chain|gossip|sync|peers)/', pathNot: tests },
      to: {
        path: '^node/(stacks/[^/]+/|store/|http/|faults/|intake/|production/|syncer/|peering/|observe/|[a-z-]+\\.ts$)',
        pathNot: '^node/stacks/port\\.ts$',
      },
    },
    {
      name: 'stacks-apart',
      severity: 'error',
      from: { path: '^node/stacks/([^/]+)/' },
      to: { path: '^node/stacks/[^/]+/', pathNot: '^node/stacks/$1/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules)/' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
