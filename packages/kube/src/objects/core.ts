import type { KubeObject } from "./kube-object.ts";
import { resource } from "./resource.ts";

/** Objects of the group `v1`. */

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface Node extends KubeObject {
  readonly spec?: { readonly taints?: readonly Taint[] };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export interface Volume {
  readonly name: string;
  readonly csi?: { readonly driver: string };
  readonly hostPath?: { readonly path: string; readonly type?: string };
}

export interface Container {
  readonly name: string;
  readonly image?: string;
}

export interface ContainerStatus {
  readonly name: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly message?: string };
  };
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly serviceAccountName?: string;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly priorityClassName?: string;
}

export interface Pod extends KubeObject {
  readonly spec?: PodSpec;
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface Event extends KubeObject {
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
}

export const NODES = resource<Node>("v1/nodes", { kind: "Node", isNamespaced: false });
export const PODS = resource<Pod>("v1/pods", { kind: "Pod", isNamespaced: true });
export const CONFIG_MAPS = resource<ConfigMap>("v1/configmaps", { kind: "ConfigMap", isNamespaced: true });
export const EVENTS = resource<Event>("v1/events", { kind: "Event", isNamespaced: true });

/** Whether the kubelet of the node answers, as the control plane sees it. */
export function isNodeReady(node: Node): boolean {
  return (node.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
}
