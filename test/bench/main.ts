// `npm run bench -- [--long] [names...]`: runs benchmarks, prints their tables and keeps them under docs/.
import { parseArgs } from 'node:util'
import { agent } from './agent.ts'
import { chaosCluster } from './chaos-cluster.ts'
import { cluster } from './cluster.ts'
import { delivery } from './delivery.ts'
import { heal } from './heal.ts'
import { importing } from './import.ts'
import { load } from './load.ts'
import { commit, machine } from './machine.ts'
import { metrics } from './metrics.ts'
import { observe } from './observe.ts'
import { operator } from './operator.ts'
import { record, table } from './report.ts'
import type { Bench } from './row.ts'
import { startup } from './startup.ts'
import { sync } from './sync.ts'
import { watch } from './watch.ts'

const benches: Readonly<Record<string, Bench>> = {
  import: importing,
  sync,
  delivery,
  load,
  startup,
  heal,
  observe,
  watch,
  cluster,
  metrics,
  operator,
  agent,
  'chaos-cluster': chaosCluster,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean', default: false }, 'dry-run': { type: 'boolean', default: false } },
})
/** Only when named: `cluster`, `chaos-cluster` and `operator` bring a Kubernetes up, all but the last need root, as `agent` does. */
const special = new Set(['cluster', 'chaos-cluster', 'operator', 'agent'])
const names = positionals.length > 0 ? positionals : Object.keys(benches).filter(name => !special.has(name))
const unknown = names.filter(name => !(name in benches))
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`)
  process.exit(3)
}
for (const name of names) {
  console.error(`${name}:`)
  const options = { long: values.long, say: (line: string) => console.error(`  ${line}`) }
  const rows = await benches[name]!(options)
  const run = { date: new Date().toISOString(), commit: commit(), machine: machine(), long: values.long, rows }
  console.log(`\n${name}\n${table(run)}\n`)
  if (!values['dry-run']) await record({ [name]: run })
}
// Keep-alive connections to nodes that are gone would hold the process.
process.exit(0)
