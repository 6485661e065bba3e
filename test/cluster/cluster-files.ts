// Configuration files of a node's components. Pure: text from the plan. JSON where a component takes YAML.
import { join } from 'node:path'
import { addresses, type ClusterNode, type ClusterPlan, keyFolder } from './cluster-plan.ts'

export const pauseImage = 'localhost/pause:1'
export const containerdSocket = '/run/containerd/containerd.sock'

/** Files below the node's folder, by relative path. */
export function nodeFiles(plan: ClusterPlan, node: ClusterNode): Record<string, string> {
  return {
    'etc/cni/10-kube.conflist': cni(node),
    'etc/containerd.toml': containerd(node),
    'etc/resolv.conf': `nameserver ${addresses.nodes}.1\n`,
    'etc/kubelet.json': kubelet(plan, node),
    'etc/kube-proxy.json': kubeProxy(plan, node),
    'etc/Corefile': corefile(plan),
    'etc/audit.json': JSON.stringify(auditPolicy),
  }
}

/** Requests of service accounts, without their bodies; the cluster's own controllers would drown the rest. */
const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', userGroups: ['system:serviceaccounts:kube-system'] },
    { level: 'Metadata', userGroups: ['system:serviceaccounts'] },
    { level: 'None' },
  ],
}

const cni = ({ folder, podSubnet }: ClusterNode): string =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name: 'kube',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          dataDir: join(folder, 'cni-ipam'),
          ranges: [[{ subnet: podSubnet }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  })

// For containerd 1.x, which Debian has; 2.x reads it too and converts it.
const containerd = ({ folder }: ClusterNode): string => `version = 2
root = "${folder}/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # Without CAP_SYS_RESOURCE runc dies on oom_score_adj otherwise ("can't get final child's PID from pipe").
  restrict_oom_score_adj = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/etc/cni"
`

const kubelet = (plan: ClusterPlan, { folder, name }: ClusterNode): string =>
  JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${plan.cgroup}/${name}`,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    failSwapOn: false,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(keyFolder(plan), 'ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    clusterDNS: [addresses.dnsService],
    clusterDomain: 'cluster.local',
    resolvConf: `${folder}/etc/resolv.conf`,
    maxPods: 220,
    registryPullQPS: 0,
    eventRecordQPS: 0,
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
    // Images come from files: one that was collected could not be pulled again.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
    },
    volumePluginDir: `${folder}/etc/volume-plugins`,
    enableServer: true,
  })

const kubeProxy = (plan: ClusterPlan, { name }: ClusterNode): string =>
  JSON.stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clusterCIDR: `${addresses.pods}.0.0/16`,
    hostnameOverride: name,
    clientConnection: { kubeconfig: join(keyFolder(plan), 'kube-proxy.kubeconfig'), qps: 50, burst: 100 },
    // These would be written into sysctls that a namespace cannot write.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    nftables: { minSyncPeriod: '100ms', syncPeriod: '30s' },
  })

// Two blocks: within one, `template` runs before `kubernetes` and would swallow everything.
const corefile = (plan: ClusterPlan): string => `cluster.local:5353 in-addr.arpa:5353 ip6.arpa:5353 {
  errors
  health 127.0.0.1:8091
  ready 127.0.0.1:8181
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${join(keyFolder(plan), 'coredns.kubeconfig')}
    pods insecure
    ttl 1
  }
  cache 1
}
.:5353 {
  errors
  template ANY ANY . {
    rcode NXDOMAIN
  }
}
`

/** CoreDNS runs as a process of the control node, not as a pod: the Service's endpoint is that node. */
export const dnsObjects = (node: ClusterNode): readonly object[] => [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'system:coredns' },
    rules: [
      { apiGroups: [''], resources: ['services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'system:coredns' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:coredns' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:coredns' }],
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kube-dns', namespace: 'kube-system' },
    spec: {
      clusterIP: addresses.dnsService,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 5353 },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 5353 },
      ],
    },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'kube-dns', namespace: 'kube-system', labels: { 'kubernetes.io/service-name': 'kube-dns' } },
    addressType: 'IPv4',
    ports: [
      { name: 'dns', port: 5353, protocol: 'UDP' },
      { name: 'dns-tcp', port: 5353, protocol: 'TCP' },
    ],
    endpoints: [{ addresses: [node.address], conditions: { ready: true } }],
  },
]
