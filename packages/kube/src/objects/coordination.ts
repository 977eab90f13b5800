import type { KubeObject } from "./kube-object.ts";
import { resource } from "./resource.ts";

/** Objects of the group `coordination.k8s.io/v1`. */

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string | null;
    /** RFC 3339 with microseconds, by the clock of whoever wrote it. */
    readonly renewTime?: string | null;
  };
}

export const LEASES = resource<Lease>("coordination.k8s.io/v1/leases", { kind: "Lease", isNamespaced: true });
