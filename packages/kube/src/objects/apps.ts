import type { PodSpec } from "./core.ts";
import type { KubeObject } from "./kube-object.ts";
import { resource } from "./resource.ts";

/** Objects of the group `apps/v1`. */

export interface DaemonSet extends KubeObject {
  readonly spec: {
    readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly template: { readonly spec: PodSpec };
  };
}

export const DAEMON_SETS = resource<DaemonSet>("apps/v1/daemonsets", { kind: "DaemonSet", isNamespaced: true });
