// The way to the API server: of the pod's service account, or of KUBECONFIG when that is set.
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node/dist/config.js'

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** @throws Error that says what is missing and how to mend it */
export function credentials(): KubeConfig {
  const config = new KubeConfig()
  const { KUBECONFIG, KUBERNETES_SERVICE_HOST } = process.env
  try {
    if (!KUBECONFIG && KUBERNETES_SERVICE_HOST && existsSync(SERVICE_ACCOUNT_TOKEN)) config.loadFromCluster()
    else if (KUBECONFIG || existsSync(join(homedir(), '.kube', 'config'))) config.loadFromDefault()
    else throw new Error('there is no service account token here, and KUBECONFIG is not set')
    if (!config.getCurrentCluster()) throw new Error('its current context names no cluster')
  } catch (error) {
    throw new Error(
      `no way to the API server: ${(error as Error).message}; run in a pod with a service account, or set KUBECONFIG`,
      { cause: error },
    )
  }
  return config
}
