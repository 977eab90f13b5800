import { type KubeClient, PODS, type Pod } from "@niphas/kube";

/** A pod that has a volume of the driver and has not ended. */
export interface VolumeUser {
  readonly namespace: string;
  readonly name: string;
  /** Undefined while it is not scheduled: it holds nothing yet, but will never start once the driver is gone. */
  readonly nodeName: string | undefined;
  /** It has been deleted and is about to go. */
  readonly isTerminating: boolean;
}

/** Containers of these have ended, and the kubelet unmounts the volumes although the pod still exists. */
const ENDED_PHASES: ReadonlySet<string> = new Set(["Succeeded", "Failed"]);
const MAX_SHOWN = 20;

/** All of them, in all namespaces, by name. */
export async function findVolumeUsers(
  client: KubeClient,
  driverName: string,
  signal: AbortSignal,
): Promise<readonly VolumeUser[]> {
  // Nothing but users is kept: a cluster can have more pods than fit into a small pod's memory.
  const trim = (pod: Pod): Pod | undefined => (usesDriver(pod, driverName) ? pod : undefined);
  const { items } = await client.list(PODS, { trim }, signal);
  return items.map(userOf).sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

/** One line for each, at most 20 and then how many more there are. */
export function describeUsers(users: readonly VolumeUser[]): readonly string[] {
  const shown = users.slice(0, MAX_SHOWN).map((user) => {
    const place = user.nodeName === undefined ? "not scheduled yet" : `on ${user.nodeName}`;
    return `${nameOf(user)} ${place}${user.isTerminating ? ", being deleted" : ""}`;
  });
  const moreCount = users.length - shown.length;
  return moreCount === 0 ? shown : [...shown, `and ${moreCount} more`];
}

function usesDriver({ spec, status }: Pod, driverName: string): boolean {
  if (ENDED_PHASES.has(status?.phase ?? "")) return false;
  return (spec?.volumes ?? []).some(({ csi }) => csi?.driver === driverName);
}

function userOf({ metadata, spec }: Pod): VolumeUser {
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    nodeName: spec?.nodeName === "" ? undefined : spec?.nodeName,
    isTerminating: metadata.deletionTimestamp !== undefined,
  };
}

function nameOf({ namespace, name }: VolumeUser): string {
  return `${namespace}/${name}`;
}
