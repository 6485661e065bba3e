// Which file, context and namespace are taken, and what is said when that cannot be told.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UsageError } from '../../exit-codes.ts'
import { type ClusterChoice, connect } from './connect.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'trellis-kubeconfig-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

interface Content {
  readonly current?: string
  /** Context to namespace. */
  readonly contexts?: Record<string, string | undefined>
  readonly server?: string
}

function kubeconfig(name: string, { current, contexts = {}, server = 'https://127.0.0.1:1' }: Content): string {
  const file = join(home, name)
  mkdirSync(join(file, '..'), { recursive: true })
  const text = {
    apiVersion: 'v1',
    kind: 'Config',
    ...(current !== undefined && { 'current-context': current }),
    clusters: [{ name: `${name}-cluster`, cluster: { server } }],
    users: [{ name: `${name}-user`, user: { token: 'x' } }],
    contexts: Object.entries(contexts).map(([context, namespace]) => ({
      name: context,
      context: { cluster: `${name}-cluster`, user: `${name}-user`, ...(namespace && { namespace }) },
    })),
  }
  writeFileSync(file, JSON.stringify(text))
  return file
}

const open = (choice: ClusterChoice, env: NodeJS.ProcessEnv = {}, program = 'trellis') => {
  const cluster = connect(choice, program, { HOME: home, ...env })
  cluster.close()
  return cluster
}
function refused(choice: ClusterChoice, env: NodeJS.ProcessEnv = {}): string {
  try {
    open(choice, env)
  } catch (error) {
    if (error instanceof UsageError) return `${error.message}; ${error.mend}`
    throw error
  }
  throw new Error('it was not refused')
}

describe('a cluster', () => {
  test('is the current context of ~/.kube/config, with its namespace', () => {
    kubeconfig('.kube/config', { current: 'a', contexts: { a: 'games', b: undefined } })
    expect(open({})).toMatchObject({ context: 'a', namespace: 'games', place: 'in namespace games of context a' })
    expect(open({ context: 'b' })).toMatchObject({ context: 'b', namespace: 'default' })
    expect(open({ context: 'b', namespace: 'x' })).toMatchObject({ context: 'b', namespace: 'x' })
  })

  test('is of the files that KUBECONFIG names, the first one before the others; --kubeconfig goes before all', () => {
    const [one, two, three] = [
      kubeconfig('one', { current: 'a', contexts: { a: undefined } }),
      kubeconfig('two', { current: 'b', contexts: { b: 'second' } }),
      kubeconfig('three', { current: 'c', contexts: { c: undefined } }),
    ]
    const env = { KUBECONFIG: [join(home, 'missing'), one, two].join(delimiter) }
    expect(open({}, env)).toMatchObject({ context: 'a' })
    expect(open({ context: 'b' }, env)).toMatchObject({ context: 'b', namespace: 'second' })
    expect(open({ kubeconfig: three }, env)).toMatchObject({ context: 'c' })
  })

  test('is named again in commands that messages propose', () => {
    const file = kubeconfig('one', { current: 'a', contexts: { a: undefined } })
    const env = { KUBECONFIG: file }
    expect(open({}, env).command('down net')).toBe('`trellis down net --context`')
    expect(open({}, env, 'kubectl trellis').command('down net')).toBe('`kubectl trellis down net`')
    expect(open({ context: 'a', namespace: 'n', kubeconfig: file }).command('down net')).toBe(
      `\`trellis down net --context a -n n --kubeconfig ${file}\``,
    )
  })
})

describe('refused', () => {
  const contexts = { kind: undefined, 'prod-west': undefined }
  test.each<[string, () => string, RegExp]>([
    [
      'no kubeconfig',
      () => refused({}),
      /there is no kubeconfig: .*\.kube\/config does not exist; .*--kubeconfig FILE/,
    ],
    ['a missing file', () => refused({ kubeconfig: '/nowhere/config' }), /\/nowhere\/config does not exist/],
    [
      'files of KUBECONFIG that are all missing',
      () => refused({}, { KUBECONFIG: '/nowhere/a:/nowhere/b' }),
      /KUBECONFIG names \/nowhere\/a, \/nowhere\/b/,
    ],
    [
      'no current context',
      () => refused({ kubeconfig: kubeconfig('c', { contexts }) }),
      /no current context; name one with --context: kind, prod-west/,
    ],
    [
      'a current context that is not there',
      () => refused({ kubeconfig: kubeconfig('c', { current: 'old', contexts }) }),
      /current context old does not exist/,
    ],
    [
      'a typing error',
      () => refused({ context: 'prod-wset', kubeconfig: kubeconfig('c', { contexts }) }),
      /no context prod-wset; did you mean prod-west\?/,
    ],
    [
      'the name of a testnet after --context',
      () => refused({ context: 'quickstart', kubeconfig: kubeconfig('c', { contexts }) }),
      /no context quickstart; .*The name of a testnet goes before --context/,
    ],
    [
      'no name for a namespace',
      () => refused({ namespace: 'A/b', kubeconfig: kubeconfig('c', { current: 'kind', contexts }) }),
      /-n "A\/b" is no name for a namespace/,
    ],
    [
      'text that is no kubeconfig',
      () => {
        const file = join(home, 'text')
        writeFileSync(file, 'clusters: [')
        return refused({ kubeconfig: file })
      },
      /text is no kubeconfig: /,
    ],
  ])('%s', (_what, attempt, expected) => expect(attempt()).toMatch(expected))
})
