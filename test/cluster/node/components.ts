import { kubeletCommand } from "./kubelet.ts";
import { inNode } from "./node-files.ts";

/** The daemons of a node. */
export const NODE_COMPONENTS = ["containerd", "kubelet", "kube-proxy"] as const;

export type NodeComponent = (typeof NODE_COMPONENTS)[number];

export const CONTAINERD_SOCKET = "/run/containerd/containerd.sock";

/** @param index of the node */
export function componentCommand(component: NodeComponent, index: number): readonly string[] {
  switch (component) {
    case "containerd":
      return ["containerd", "--config", inNode("containerdConfiguration")];
    case "kubelet":
      return kubeletCommand(index, inNode("kubeletConfiguration"), inNode("kubeletKubeconfig"));
    case "kube-proxy":
      return kubeProxyCommand();
  }
}

export function kubeProxyCommand(): readonly string[] {
  return ["kube-proxy", `--config=${inNode("proxyConfiguration")}`];
}
