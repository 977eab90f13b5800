import type { RowSpec } from "../../rows.ts";

/** A new revision that shares 95 % of its paths: what a node receives in all, against the NARs that it lacks. */
export const UPDATE_SPECS = [
  { id: "update-bytes", unit: "bytes received", direction: "lower", bar: 1.2 },
] as const satisfies readonly RowSpec[];
