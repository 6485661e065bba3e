// Brings one API tier up for all `*.api.test.ts` files of a run. Files share the server, so each works in a namespace or
// under names of its own; one that stops, restarts or starves a server brings up a tier of its own with `apiTier.up()`.
//
//     const tier = inject('apiTier')
//     describe.skipIf(tier.missing !== undefined)('...', () => { ... use tier.address ... })
import type { TestProject } from 'vitest/node'
import { type ApiAddress, apiTier } from './api-tier.ts'

/** Exactly one of the two. */
export interface ProvidedTier {
  /** Why there is none here; the tests that need one count as skipped. */
  readonly missing?: string
  readonly address?: ApiAddress
}

declare module 'vitest' {
  export interface ProvidedContext {
    apiTier: ProvidedTier
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const missing = await apiTier.missing(line => console.error(line))
  if (missing !== undefined) {
    console.error(`tests against an API server are skipped: ${missing}`)
    project.provide('apiTier', { missing })
    return async () => {}
  }
  const { url, ca, token, kubeconfig, binaries, down } = await apiTier.up()
  project.provide('apiTier', { address: { url, ca, token, kubeconfig, binaries } })
  return down
}
