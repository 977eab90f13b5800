import type { Values } from "./helm.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

/** Values for which the rendered chart is kept in golden/, by the name of the file there. */
export const VARIANTS: Readonly<Record<string, Values>> = {
  default: {},
  digest: {
    images: {
      node: { repository: "registry.example.org/niphas/node", digest: DIGEST, pullPolicy: "Always" },
      control: { repository: "registry.example.org/niphas/control", digest: DIGEST },
      stub: { repository: "registry.example.org/niphas/stub", tag: "0.1.0-1" },
    },
    imagePullSecrets: ["registry"],
  },
  /** As on k0s: another kubelet directory; and a disk of its own for the store. */
  paths: { kubeletDir: "/var/lib/k0s/kubelet", stateDir: "/mnt/disk/niphas" },
  /** The least: no controller, no mesh, no policies, no priority classes, no tolerations. */
  minimal: {
    mesh: { enabled: false },
    startupTaint: { enabled: false },
    networkPolicies: { enabled: false },
    plugin: { priorityClassName: "", tolerations: [] },
    controller: { priorityClassName: "" },
  },
  mesh: {
    upstreams: ["https://cache.example.org", "ssh-ng://builder.example.org"],
    netrcSecret: "cache-credentials",
    caBundleConfigMap: "company-ca",
    mesh: { enabled: true, port: 7000, groupSecret: "mesh-group" },
    podMonitor: { enabled: true },
  },
  full: {
    imagePullSecrets: ["registry"],
    upstreams: ["https://cache.example.org", "s3://cache?region=eu-central-1", "https://cache.nixos.org"],
    trustedPublicKeys: ["cache.example.org-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
    defaultKey: false,
    netrcSecret: "cache-credentials",
    caBundleConfigMap: "company-ca",
    policy: {
      version: 1,
      rules: [{ name: "shop", namespaces: ["shop", "shop-*"], storePathNames: ["hello-*", "nginx-1.*"] }],
    },
    plugin: {
      logLevel: "debug",
      view: "tree",
      gc: { freeBytes: "10Gi", freeInodes: "500000", interval: "1m" },
      publishWait: "30s",
      shutdownGraceSeconds: 60,
      extraArgs: ["--janitor-interval=30s"],
      extraEnv: [{ name: "https_proxy", value: "http://proxy.example.org:3128" }],
      maxUnavailable: "10%",
      resources: { requests: { cpu: "100m", memory: "256Mi" } },
      tolerations: [{ key: "dedicated", operator: "Equal", value: "nix", effect: "NoSchedule" }],
      nodeSelector: { "example.org/nix": "true" },
      affinity: { nodeAffinity: nodesOf("amd64") },
      seLinuxOptions: { user: "system_u", role: "system_r", type: "super_t", level: "s0" },
    },
    startupTaint: { key: "example.org/starting" },
    controller: {
      logLevel: "warn",
      extraEnv: [{ name: "NO_COLOR", value: "1" }],
      tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists" }],
      nodeSelector: { "node-role.kubernetes.io/control-plane": "" },
      affinity: { nodeAffinity: nodesOf("arm64") },
    },
    podMonitor: { enabled: true, interval: "1m", labels: { release: "prometheus" } },
    networkPolicies: {
      metricsFrom: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
      apiServerPorts: [8443],
    },
    namespace: { create: true },
    criticalPodsQuota: { enabled: true, pods: 100 },
    uninstall: { keepStore: true, timeoutSeconds: 900 },
  },
};

function nodesOf(architecture: string): object {
  const expression = { key: "kubernetes.io/arch", operator: "In", values: [architecture] };
  return {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression] }] },
  };
}
