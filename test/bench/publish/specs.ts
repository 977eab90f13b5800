import type { RowSpec } from "../rows.ts";

/** What mounting a closure may cost. Ratios are against peers of the same run. */
export const PUBLISH_SPECS = [
  { id: "warm-publish-200", unit: "ms", direction: "lower", bar: 2 },
  { id: "warm-publish-2000", unit: "ms", direction: "lower", bar: 2 },
  { id: "warm-publish-size", unit: "ms", direction: "lower", bar: 1.2 },
  { id: "warm-publish-100", unit: "ms", direction: "lower", bar: 8 },
  { id: "first-view-rsync", unit: "ms", direction: "higher", bar: 6 },
  { id: "first-view-tree", unit: "ms", direction: "higher", bar: 1.3 },
  { id: "mounts", unit: "mounts per volume or view", direction: "lower", bar: 1 },
  { id: "memory", unit: "MiB", direction: "lower", bar: 150 },
  { id: "event-loop-delay", unit: "ms", direction: "lower", bar: 20 },
  { id: "event-loop-probe", unit: "ms", direction: "lower", bar: 100 },
  { id: "cold-overhead", unit: "ms", direction: "lower", bar: 1 },
] as const satisfies readonly RowSpec[];

export type PublishRowId = (typeof PUBLISH_SPECS)[number]["id"];
