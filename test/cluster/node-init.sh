#!/bin/bash
# node-init.sh STATE NODE: PID 1 of a cluster node, in mount, network, PID, UTS and IPC namespaces of its own. When it
# ends, the kernel ends every process of the node and drops its mounts, links and firewall rules.
set -euo pipefail
state=$1 node=$2 folder=$1/$2
hostname "$node"

# A mount tree that is the node's own and shared within it; the usual paths lead into the state folder.
mount --make-rprivate /
cgroups=$(mktemp -d)
mount --rbind /sys/fs/cgroup "$cgroups"
mount -t sysfs sysfs /sys
mount --rbind "$cgroups" /sys/fs/cgroup
umount -l "$cgroups"
rmdir "$cgroups"
mount -t tmpfs tmpfs /run
chmod 1777 "$folder/tmp"
mount --bind "$folder/tmp" /tmp
# One folder for the host-path volumes of all nodes: a pod that moves finds its data.
mkdir -p /tmp/hostpath_pv
mount --bind "$state/volumes" /tmp/hostpath_pv
# Mount points on the machine itself, empty there; taking the cluster down removes them.
mkdir -p /var/lib/kubelet /var/lib/cni
mount --bind "$folder/kubelet" /var/lib/kubelet
mount --bind "$folder/cni" /var/lib/cni
mount --bind "$folder/log" /var/log
mkdir -p /var/log/pods /var/log/containers /run/netns
mount --make-rshared /
touch "$folder/mounted"

# The provisioner makes folders 0750 and hostPath ignores fsGroup: open them for pods that are not root.
if [ "$node" = node0 ]; then
  while :; do
    chmod 0777 /tmp/hostpath_pv/* 2>/dev/null || true
    sleep 0.3
  done &
fi
# PID 1 reaps. A component that ends is not started again, so that a test sees it.
trap 'exit 0' TERM INT
while :; do
  wait -n 2>/dev/null || true
  sleep 1 &
  wait $! || true
done
