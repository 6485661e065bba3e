// After all other cases: what the operator asked of the API server over the whole run is what its roles grant, and nothing
// else. Runs last (vitest.config.ts).
import { beforeAll, describe, expect, test } from 'vitest'
import { type KubeObject, resource } from '../../../operator/kubernetes/runtime/resource.ts'
import { auditOf, isDenied, type PolicyRule, verbsGranted, verbsOf } from '../audit.ts'
import { installed, release } from '../chart.ts'
import { list } from '../cluster-api.ts'
import { auditLog } from '../cluster-plan.ts'
import { given, notOurMachines } from '../under-test.ts'

interface Role extends KubeObject {
  readonly rules?: readonly PolicyRule[] | null
}
interface Binding extends KubeObject {
  readonly roleRef: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[]
}
const rbac = 'rbac.authorization.k8s.io/v1'
const roles = resource<Role>(rbac, 'Role', 'roles')
const clusterRoles = resource<Role>(rbac, 'ClusterRole', 'clusterroles', { namespaced: false })
const bindings = resource<Binding>(rbac, 'RoleBinding', 'rolebindings')
const clusterBindings = resource<Binding>(rbac, 'ClusterRoleBinding', 'clusterrolebindings', { namespaced: false })

/** What the roles bound to the operator's service account grant, wherever. */
async function granted(): Promise<Set<string>> {
  const mine = ({ subjects = [] }: Binding) =>
    subjects.some(
      ({ kind, name, namespace }) =>
        kind === 'ServiceAccount' && name === release.deployment && namespace === release.namespace,
    )
  const bound = [...(await list(bindings)), ...(await list(clusterBindings))].filter(mine)
  const all = [...(await list(roles)), ...(await list(clusterRoles))]
  const named = (kind: string, name: string, namespace: string | undefined) =>
    all.find(
      role =>
        role.kind === kind &&
        role.metadata.name === name &&
        (kind === 'ClusterRole' || role.metadata.namespace === namespace),
    )
  const rules = bound.flatMap(
    ({ metadata, roleRef }) => named(roleRef.kind, roleRef.name, metadata.namespace)?.rules ?? [],
  )
  return verbsGranted(rules)
}

describe.skipIf(notOurMachines)('the operator’s permissions', () => {
  let used: Set<string>
  let denied: Set<string>
  let grants: Set<string>
  beforeAll(async () => {
    await installed()
    const user = `system:serviceaccount:${release.namespace}:${release.deployment}`
    const events = await auditOf(auditLog(given.machines!), user)
    used = verbsOf(events.filter(event => !isDenied(event)))
    denied = verbsOf(events.filter(isDenied))
    grants = await granted()
  })

  test('are enough', () => {
    // An operator that outlives its roles, while the chart is uninstalled, is refused what they granted.
    expect([...denied].filter(verb => !grants.has(verb))).toEqual([])
  })

  test('are what it used in this run', () => {
    expect(used.size).toBeGreaterThan(10)
    expect([...used].toSorted()).toEqual([...grants].toSorted())
  })
})
