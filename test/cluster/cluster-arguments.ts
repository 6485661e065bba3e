// Command lines of the components. Pure.
import { join } from 'node:path'
import { addresses, auditLog, type ClusterNode, type ClusterPlan, controlNode, keyFolder } from './cluster-plan.ts'
import type { Component } from './kube-binary.ts'

type Arguments = readonly string[]

const etcdUrl = 'http://127.0.0.1:2379'
const peerUrl = 'http://127.0.0.1:2380'

/** What each component of the control node is started with. */
export function controlArguments(
  plan: ClusterPlan,
): Record<Exclude<Component, 'kubectl' | 'kubelet' | 'kube-proxy'>, Arguments> {
  const key = (file: string) => join(keyFolder(plan), file)
  const { address, folder } = controlNode(plan)
  return {
    etcd: [
      '--name=default',
      `--data-dir=${join(plan.state, 'etcd')}`,
      '--unsafe-no-fsync',
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      '--log-level=warn',
      '--logger=zap',
    ],
    'kube-apiserver': [
      `--etcd-servers=${etcdUrl}`,
      `--bind-address=${address}`,
      `--advertise-address=${address}`,
      '--secure-port=6443',
      `--tls-cert-file=${key('apiserver.crt')}`,
      `--tls-private-key-file=${key('apiserver.key')}`,
      `--client-ca-file=${key('ca.crt')}`,
      `--kubelet-client-certificate=${key('apiserver-kubelet-client.crt')}`,
      `--kubelet-client-key=${key('apiserver-kubelet-client.key')}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--requestheader-client-ca-file=${key('ca.crt')}`,
      '--requestheader-allowed-names=front-proxy-client',
      '--requestheader-username-headers=X-Remote-User',
      '--requestheader-group-headers=X-Remote-Group',
      '--requestheader-extra-headers-prefix=X-Remote-Extra-',
      `--proxy-client-cert-file=${key('front-proxy-client.crt')}`,
      `--proxy-client-key-file=${key('front-proxy-client.key')}`,
      '--enable-aggregator-routing=true',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
      `--service-account-key-file=${key('sa.pub')}`,
      `--service-account-signing-key-file=${key('sa.key')}`,
      `--service-cluster-ip-range=${addresses.services}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      '--profiling=false',
      `--audit-policy-file=${join(folder, 'etc/audit.json')}`,
      `--audit-log-path=${auditLog(plan)}`,
      // Of one run; a case reads it whole.
      '--audit-log-maxsize=2000',
    ],
    'kube-controller-manager': [
      `--kubeconfig=${key('kube-controller-manager.kubeconfig')}`,
      `--service-account-private-key-file=${key('sa.key')}`,
      `--root-ca-file=${key('ca.crt')}`,
      `--cluster-signing-cert-file=${key('ca.crt')}`,
      `--cluster-signing-key-file=${key('ca.key')}`,
      '--use-service-account-credentials=true',
      // At the default 20 a second the default service account is late by 9 s.
      '--kube-api-qps=300',
      '--kube-api-burst=600',
      '--enable-hostpath-provisioner=true',
      '--pvclaimbinder-sync-period=2s',
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      '--profiling=false',
    ],
    'kube-scheduler': [
      `--kubeconfig=${key('kube-scheduler.kubeconfig')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      '--profiling=false',
    ],
    coredns: ['-conf', join(folder, 'etc/Corefile')],
  }
}

export const kubeletArguments = (plan: ClusterPlan, { name, address, folder }: ClusterNode): Arguments => [
  `--config=${join(folder, 'etc/kubelet.json')}`,
  `--kubeconfig=${join(keyFolder(plan), `${name}.kubeconfig`)}`,
  `--hostname-override=${name}`,
  `--node-ip=${address}`,
  '--root-dir=/var/lib/kubelet',
  '--v=1',
]

export const kubeProxyArguments = ({ folder }: ClusterNode): Arguments => [
  `--config=${join(folder, 'etc/kube-proxy.json')}`,
]
