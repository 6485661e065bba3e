// Where the operator is: its Service by label, or as TRELLIS_OPERATOR says, or where the chart puts it.
import { resources, type Service } from '../../../operator/kubernetes/runtime/resource.ts'
import { UsageError } from '../../exit-codes.ts'
import type { Cluster } from './connect.ts'
import { listAll } from './testnet-objects.ts'

export const OPERATOR_LABEL = 'app.kubernetes.io/name=trellis-operator'
const CHART_DEFAULT = { namespace: 'trellis-system', name: 'trellis-operator' }
/** Operators that are asked for a testnet. */
const MAX_CANDIDATES = 8

export interface OperatorService {
  readonly namespace: string
  readonly name: string
}

/** Those that may serve the testnet, the likeliest first; never empty. @throws UsageError when TRELLIS_OPERATOR is wrong */
export async function operatorServices(
  cluster: Cluster,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<OperatorService[]> {
  if (env.TRELLIS_OPERATOR) {
    const [namespace, name, ...rest] = env.TRELLIS_OPERATOR.split('/')
    if (!namespace || !name || rest.length > 0)
      throw new UsageError(`TRELLIS_OPERATOR is ${env.TRELLIS_OPERATOR}`, 'write NAMESPACE/NAME of its Service')
    return [{ namespace, name }]
  }
  // Not everybody may list the Services of all namespaces: then those of the testnet's own may be seen.
  const list = (namespace: string | undefined): Promise<Service[]> =>
    listAll(cluster, resources.services, { namespace, labelSelector: OPERATOR_LABEL }, signal)
  const services = await list(undefined)
    .catch(() => list(cluster.namespace))
    .catch((): Service[] => [])
  return ordered(services, cluster.namespace)
}

function ordered(services: readonly Service[], namespace: string): OperatorService[] {
  const rank = (service: OperatorService): number =>
    service.namespace === namespace ? 0 : service.namespace === CHART_DEFAULT.namespace ? 1 : 2
  const found = services
    // A Service for scraping has the same label and another port.
    .filter(({ spec }) => spec?.ports?.some(({ name }) => name === 'api'))
    .map(({ metadata }) => ({ namespace: metadata.namespace ?? '', name: metadata.name }))
    .sort((a, b) => rank(a) - rank(b) || (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1))
  return found.length > 0 ? found.slice(0, MAX_CANDIDATES) : [CHART_DEFAULT]
}
