// Our custom resource definitions on a server, ready to be used.
import { customResourceDefinitions } from '../../tools/generate/crds.ts'
import { askApi } from './api-request.ts'
import type { ApiAddress } from './api-tier.ts'
import { until } from './until.ts'

const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** Applies them and waits until the server serves their kinds; several tests may do so at once. Throws with what the server refused. */
export async function installDefinitions(address: ApiAddress): Promise<void> {
  for (const definition of customResourceDefinitions()) {
    const at = `${path}/${definition.metadata.name}`
    const { status, body } = await askApi(address, `${at}?fieldManager=tests&force=true&fieldValidation=Strict`, {
      method: 'PATCH',
      contentType: 'application/apply-patch+yaml',
      body: definition,
    })
    if (status >= 300) throw new Error(`${definition.metadata.name}: ${status} ${body.message}`)
    await until(`${definition.metadata.name} is established`, { withinMs: 20_000 }, async () => {
      const now = await askApi(address, at)
      // Null until the server's controllers have said something.
      const conditions =
        (now.body.status as { conditions?: { type: string; status: string }[] | null })?.conditions ?? []
      const bad = conditions.find(({ type }) => type === 'NonStructuralSchema')
      if (bad) throw new Error(JSON.stringify(bad))
      const { group, names } = definition.spec
      const served = await askApi(address, `/apis/${group}/v1alpha1/namespaces/default/${names.plural}?limit=1`)
      return conditions.some(({ type, status }) => type === 'Established' && status === 'True') && served.status === 200
    })
  }
}
