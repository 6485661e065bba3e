// A shell as somebody has who follows the README: kubectl, helm and our command in PATH, a namespace that is the current one.
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { $, type ProcessOutput } from 'zx'
import { values } from './chart.ts'
import { given } from './under-test.ts'

const repository = resolve(import.meta.dirname, '../..')

export interface Shell {
  /** Runs a line; what it prints. @throws ProcessOutput when it fails */
  type(line: string): Promise<ProcessOutput>
  remove(): Promise<void>
}

export async function shellIn(namespace: string): Promise<Shell> {
  const home = await mkdtemp(join(tmpdir(), 'trellis-typed-'))
  await mkdir(join(home, 'programs'))
  for (const [name, program] of Object.entries({ kubectl: given.kubectl, helm: given.helm }))
    await symlink(program, join(home, 'programs', name))
  // What is typed writes where it stands, and not into the repository.
  for (const name of ['bin', 'charts', 'examples']) await symlink(join(repository, name), join(home, name))
  const kubeconfig = join(home, 'kubeconfig')
  await writeFile(kubeconfig, inNamespace(await readFile(given.kubeconfig, 'utf8'), namespace), { mode: 0o600 })
  const file = join(home, 'values.json')
  await writeFile(file, JSON.stringify(values()))
  const path = [join(home, 'programs'), join(repository, 'bin'), process.env.PATH].join(delimiter)
  const env = { ...process.env, PATH: path, KUBECONFIG: kubeconfig, NO_COLOR: '1' }
  const run = $({ cwd: home, env, quiet: true, timeout: 240_000 })
  return {
    // The images are in no registry; whoever follows the README has them in one.
    type: line => run`bash -c ${line.startsWith('helm install') ? `${line} -f ${file}` : line}`,
    remove: () => rm(home, { recursive: true, force: true }),
  }
}

/** The kubeconfig with another current namespace. */
function inNamespace(kubeconfig: string, namespace: string): string {
  const config = parse(kubeconfig) as { 'current-context': string; contexts: { name: string; context: object }[] }
  const contexts = config.contexts.map(({ name, context }) =>
    name === config['current-context'] ? { name, context: { ...context, namespace } } : { name, context },
  )
  return JSON.stringify({ ...config, contexts })
}
