import { POD_NETWORK } from "./addresses.ts";

/** https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/ */
export function kubeProxyConfiguration(hostName: string, kubeconfigFile: string): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    hostnameOverride: hostName,
    clientConnection: { kubeconfig: kubeconfigFile },
    clusterCIDR: POD_NETWORK,
    bindAddress: "0.0.0.0",
    metricsBindAddress: "127.0.0.1:10249",
    // Lowering it is not allowed everywhere.
    oomScoreAdj: 0,
    // These would be set for the whole kernel, not for the machine.
    conntrack: { maxPerCore: 0, min: 0 },
    iptables: { localhostNodePorts: false, syncPeriod: "30s", minSyncPeriod: "200ms" },
  };
}
