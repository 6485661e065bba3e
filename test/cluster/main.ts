// `node test/cluster/main.ts up [NODES] | down | test [arguments of vitest]`. `test` uses the cluster of KUBECONFIG when that is
// set, else brings one up and takes it down again.
import { spawn } from 'node:child_process'
import { down, up } from './cluster.ts'

const NODES = 2
const [command, ...args] = process.argv.slice(2)
const tell = (line: string) => console.error(line)

/** `state`: the folder of a cluster of our own, whose namespaces the cases may enter. */
function vitest(kubeconfig: string, state?: string): Promise<number> {
  const config = ['--config', 'test/cluster/vitest.config.ts']
  const env = { ...process.env, KUBECONFIG: kubeconfig, ...(state && { TRELLIS_CLUSTER_STATE: state }) }
  return new Promise((resolve, reject) => {
    const child = spawn('node_modules/.bin/vitest', ['run', ...config, ...args], { stdio: 'inherit', env })
    child.on('error', reject)
    child.on('close', code => resolve(code ?? 1))
  })
}

if (command === 'up') {
  const { kubeconfig } = await up({ nodes: Number(args[0] ?? 1), tell })
  console.log(kubeconfig)
} else if (command === 'down') await down()
else if (command === 'test') {
  if (process.env.KUBECONFIG) process.exitCode = await vitest(process.env.KUBECONFIG)
  else {
    // Ctrl-C reaches the tests too; they end, and the cluster is taken down after them.
    process.on('SIGINT', () => {})
    try {
      const { kubeconfig, plan } = await up({ nodes: NODES, tell })
      process.exitCode = await vitest(kubeconfig, plan.state)
    } finally {
      await down()
    }
  }
} else {
  console.error('usage: node test/cluster/main.ts up [NODES] | down | test [ARGUMENTS]')
  process.exitCode = 3
}
