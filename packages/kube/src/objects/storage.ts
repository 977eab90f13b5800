import type { KubeObject } from "./kube-object.ts";
import { resource } from "./resource.ts";

/** Objects of the group `storage.k8s.io/v1`. */

/** What the kubelet of a node says about its CSI drivers; has the node's name, and the node as its owner. */
export interface CsiNode extends KubeObject {
  readonly spec?: { readonly drivers?: readonly { readonly name: string; readonly nodeID: string }[] | null };
}

export const CSI_NODES = resource<CsiNode>("storage.k8s.io/v1/csinodes", { kind: "CSINode", isNamespaced: false });
