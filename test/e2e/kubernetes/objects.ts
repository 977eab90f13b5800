/** What is read of a pod. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Empty until it is scheduled. */
  readonly nodeName: string;
  /** Pending, Running, Succeeded, Failed, Unknown. */
  readonly phase: string;
  readonly isTerminating: boolean;
  readonly isReady: boolean;
  /** Empty until it has one. */
  readonly podIp: string;
  /** Of its containers as they run now. Counts of restarts begin anew when containers are removed; ids never come again. */
  readonly containerIds: readonly string[];
  /** Names of its inline volumes of our driver. */
  readonly niphasVolumes: readonly string[];
}

export const DRIVER_NAME = "csi.niphas.io";

/** Reads `kubectl get pods --output json`. */
export function parsePodList(value: unknown): readonly Pod[] {
  return listOf(field(value, "items")).map(parsePod);
}

function parsePod(value: unknown): Pod {
  const [metadata, spec, status] = ["metadata", "spec", "status"].map((name) => field(value, name));
  const conditions = listOf(field(status, "conditions"));
  const containers = [...listOf(field(status, "containerStatuses")), ...listOf(field(status, "initContainerStatuses"))];
  return {
    namespace: text(metadata, "namespace"),
    name: text(metadata, "name"),
    uid: text(metadata, "uid"),
    nodeName: text(spec, "nodeName"),
    phase: text(status, "phase"),
    isTerminating: field(metadata, "deletionTimestamp") !== undefined,
    isReady: conditions.some((each) => text(each, "type") === "Ready" && text(each, "status") === "True"),
    podIp: text(status, "podIP"),
    containerIds: containers.map((each) => text(each, "containerID")).filter((id) => id !== ""),
    niphasVolumes: listOf(field(spec, "volumes"))
      .filter((volume) => text(field(volume, "csi"), "driver") === DRIVER_NAME)
      .map((volume) => text(volume, "name")),
  };
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}

function text(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === "string" ? found : "";
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
