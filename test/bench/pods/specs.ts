import type { RowSpec } from "../rows.ts";

/** What pods that run closures may cost beside pods that run the same files from an image, on the same node. */
export const POD_SPECS = [
  { id: "pod-start", unit: "ms", direction: "lower", bar: 1.15 },
  { id: "pod-start-40", unit: "ms", direction: "lower", bar: 1.15 },
  { id: "pod-mounts", unit: "mounts more than OCI per pod or view", direction: "lower", bar: 1 },
  { id: "pod-memory", unit: "MiB", direction: "lower", bar: 1.05 },
  { id: "node-idle", unit: "% of a core", direction: "lower", bar: 1 },
  { id: "node-idle-memory", unit: "MiB", direction: "lower", bar: 120 },
] as const satisfies readonly RowSpec[];

export type PodRowId = (typeof POD_SPECS)[number]["id"];
