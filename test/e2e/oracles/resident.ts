import { mountsAt } from "@niphas/testing";
import type { Cluster } from "../../cluster/index.ts";
import type { Namespace } from "../kubernetes/namespace.ts";
import type { Pod } from "../kubernetes/objects.ts";
import { targetsOf } from "./staleness.ts";

/** A pod that must live through whatever happens: what identifies it and its mounts. */
export interface Resident {
  readonly uid: string;
  readonly containerIds: readonly string[];
  /** Ids of the mounts at its volumes' targets on its node. The kernel gives them again, but seldom to the same mount. */
  readonly mountIds: readonly number[];
}

/** Notes what must not change. */
export function residentOf(cluster: Pick<Cluster, "nodes">, pod: Pod): Resident {
  return { uid: pod.uid, containerIds: pod.containerIds, mountIds: mountIdsOf(cluster, pod) };
}

/** What has changed since {@link residentOf}; empty when the pod and its mounts are the same and it is ready. */
export async function faultsOfResident(
  cluster: Pick<Cluster, "nodes">,
  namespace: Namespace,
  podName: string,
  before: Resident,
): Promise<readonly string[]> {
  const pod = await namespace.pod(podName);
  const now = residentOf(cluster, pod);
  return [
    ...(before.containerIds.length > 0 && before.mountIds.length > 0 ? [] : [`${podName} never had a mount`]),
    ...(now.uid === before.uid ? [] : [`${podName} is another pod now`]),
    ...(now.containerIds.join() === before.containerIds.join() ? [] : [`${podName} was restarted`]),
    ...(now.mountIds.join() === before.mountIds.join()
      ? []
      : [`${podName} had the mounts ${before.mountIds.join()} and now has ${now.mountIds.join()}`]),
    ...(pod.isReady ? [] : [`${podName} is not ready`]),
  ];
}

function mountIdsOf({ nodes }: Pick<Cluster, "nodes">, pod: Pod): readonly number[] {
  const node = nodes.find((each) => each.name === pod.nodeName);
  if (node === undefined) throw new Error(`${pod.name} is on ${pod.nodeName || "no node"}`);
  return targetsOf([pod]).flatMap((target) => mountsAt(target, node.pid).map((mount) => mount.mountId));
}
