// The net agent beside a node whose testnet allows faults by the kernel: a container of its own in the pod's network, with
// the one capability that rules need. It starts before the node and ends after it.
import type { Testnet } from '../../../api/testnet.ts'
import type { OperatorConfig } from '../config.ts'
import type { StatefulSet } from '../runtime/resource.ts'
import { AGENT_KEY } from './configuration.ts'
import { AGENT_PORT } from './names.ts'

type PodSpec = NonNullable<NonNullable<StatefulSet['spec']>['template']['spec']>
type Container = NonNullable<PodSpec['initContainers']>[number]
type Volume = NonNullable<PodSpec['volumes']>[number]

export const AGENT_CONTAINER = 'net-agent'
const KEY_FILE = '/etc/trellis-agent/key'
const STATE_DIR = '/var/lib/trellis-agent'
const STATE_VOLUME = 'net-agent'

/** True when pods of the testnet need a namespace that admits more than harmless pods. */
export const wantsAgent = ({ chaos }: Pick<Testnet['spec'], 'chaos'>): boolean => chaos?.kernel === true

/** Undefined when the testnet wants none. `secretVolume` has the testnet's Secret. */
export function netAgent(
  spec: Pick<Testnet['spec'], 'chaos'>,
  { agent }: Pick<OperatorConfig, 'agent'>,
  secretVolume: string,
): { readonly container: Container; readonly volume: Volume } | undefined {
  if (!wantsAgent(spec) || !agent) return undefined
  const { image, imagePullPolicy, resources } = agent
  const probe = { httpGet: { path: '/healthz', port: AGENT_PORT } }
  return {
    volume: { name: STATE_VOLUME, emptyDir: {} },
    container: {
      name: AGENT_CONTAINER,
      image,
      imagePullPolicy,
      // With it an init container runs as long as the pod does.
      restartPolicy: 'Always',
      args: ['--key-file', KEY_FILE, '--state-file', `${STATE_DIR}/state.json`, '--port', String(AGENT_PORT)],
      ports: [{ name: 'net-agent', containerPort: AGENT_PORT, protocol: 'TCP' }],
      volumeMounts: [
        { name: secretVolume, mountPath: KEY_FILE, subPath: AGENT_KEY, readOnly: true },
        { name: STATE_VOLUME, mountPath: STATE_DIR },
      ],
      resources: { requests: { ...resources.requests }, limits: { ...resources.limits } },
      terminationMessagePolicy: 'FallbackToLogsOnError',
      securityContext: {
        // The kernel takes rules from root only, and of root only from one with this capability.
        runAsNonRoot: false,
        runAsUser: 0,
        runAsGroup: 0,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
      },
      startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 60 },
      livenessProbe: { ...probe, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    },
  }
}
