/** https://github.com/containerd/containerd/blob/release/2.1/docs/cri/config.md */
export function containerdConfiguration(sandboxImage: string): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${sandboxImage}"

[plugins."io.containerd.cri.v1.runtime"]
  # Lowering a score is not allowed everywhere.
  restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".containerd]
  default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  SystemdCgroup = false

[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["/usr/lib/cni"]
  conf_dir = "/etc/niphas-cluster/cni"
`;
}

/**
 * A routed link for each pod, so that all its traffic passes the node's packet filter and Services work between pods of
 * one node too. https://www.cni.dev/plugins/current/main/ptp/
 */
export function podNetworkConfiguration(podNetwork: string): object {
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "ptp",
        ipam: {
          type: "host-local",
          // A restart of the node ends every pod's network, so no lease may outlive it.
          dataDir: "/run/pod-addresses",
          ranges: [[{ subnet: podNetwork }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}
