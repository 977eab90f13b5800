# A Debian forky root for the machines of test/cluster: what a Kubernetes node and its control plane need but Kubernetes itself.
# Sourced by setup.sh.

node_root_packages=(
  containerd runc containernetworking-plugins iptables nftables conntrack ethtool socat etcd-server etcd-client
  catatonit busybox-static libfaketime uidmap util-linux mount e2fsprogs kmod procps iproute2 ca-certificates openssl strace
)
node_root_recipe=1
node_root=$cache/node-root-$(printf '%s\n' "$node_root_recipe" "${node_root_packages[@]}" | short_hash)

setup_node_root() {
  setup_debian_root 'Debian forky root for cluster nodes (containerd, runc, etcd)' 'test/cluster runs its machines in it' \
    "$node_root" 'containerd --version' "${node_root_packages[@]}"
}
