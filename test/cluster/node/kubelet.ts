import { CLUSTER_DOMAIN, DNS_ADDRESS, nodeAddress, nodeName } from "../network/addresses.ts";

export interface KubeletFiles {
  readonly authorityCertificate: string;
  readonly certificate: string;
  readonly key: string;
}

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
export function kubeletConfiguration(files: KubeletFiles): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: files.authorityCertificate },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: files.certificate,
    tlsPrivateKeyFile: files.key,
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: CLUSTER_DOMAIN,
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    cgroupDriver: "cgroupfs",
    failCgroupV1: false,
    failSwapOn: false,
    // Lowering it is not allowed everywhere.
    oomScoreAdj: 0,
    // A host whose disk is rather full evicts everything otherwise; and images that nobody can pull again must stay.
    evictionHard: {
      "memory.available": "50Mi",
      "nodefs.available": "1%",
      "nodefs.inodesFree": "1%",
      "imagefs.available": "1%",
      "imagefs.inodesFree": "1%",
    },
    imageGCHighThresholdPercent: 100,
  };
}

export function kubeletCommand(index: number, configurationFile: string, kubeconfigFile: string): readonly string[] {
  return [
    "kubelet",
    `--config=${configurationFile}`,
    `--kubeconfig=${kubeconfigFile}`,
    `--hostname-override=${nodeName(index)}`,
    `--node-ip=${nodeAddress(index)}`,
  ];
}
