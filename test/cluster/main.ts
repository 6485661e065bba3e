// `node test/cluster/main.ts up [NODES] | down | test [arguments of vitest]`. `test` uses the cluster of KUBECONFIG when that is
// set, else brings one up and takes it down again.
import { spawn } from 'node:child_process'
import { down, up } from './cluster.ts'
import { asEnvironment, type Given, notInstallableWith, notOurMachinesWith } from './given.ts'
import { prepared, programs } from './preparation.ts'

/** Draining one, or losing it, needs another. */
const NODES = 2
const [command, ...args] = process.argv.slice(2)
const tell = (line: string) => console.error(line)

function vitest(given: Partial<Given>): Promise<number> {
  const config = ['--config', 'test/cluster/vitest.config.ts']
  const env = { ...process.env, ...asEnvironment(given) }
  const [nothing, less] = [notInstallableWith(env), notOurMachinesWith(env)]
  if (nothing) tell(`cases that install the chart are skipped: ${nothing}`)
  else if (less) tell(`cases that kill processes or machines are skipped: ${less}`)
  return new Promise((resolve, reject) => {
    const child = spawn('node_modules/.bin/vitest', ['run', ...config, ...args], { stdio: 'inherit', env })
    child.on('error', reject)
    child.on('close', code => resolve(code ?? 1))
  })
}

if (command === 'up') {
  const cluster = await up({ nodes: Number(args[0] ?? 1), tell })
  console.log(cluster.kubeconfig)
} else if (command === 'down') await down()
else if (command === 'test') {
  const kubeconfig = process.env.KUBECONFIG
  // Images are whatever TRELLIS_NODE_IMAGE and its like name: that cluster has to have them, or a registry for them.
  if (kubeconfig) process.exitCode = await vitest({ kubeconfig, ...(await programs(tell)) })
  else {
    // Ctrl-C reaches the tests too; they end, and the cluster is taken down after them.
    process.on('SIGINT', () => {})
    try {
      process.exitCode = await vitest(await prepared(await up({ nodes: NODES, tell }), tell))
    } finally {
      await down()
    }
  }
} else {
  console.error('usage: node test/cluster/main.ts up [NODES] | down | test [ARGUMENTS]')
  process.exitCode = 3
}
