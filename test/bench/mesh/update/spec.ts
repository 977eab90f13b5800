import type { RowSpec } from "../../rows.ts";

/**
 * A new revision that shares 95 % of its paths: what a node receives in all, against the NARs that it lacks; and questions
 * over the network up to the one that brings the first byte of a NAR.
 */
export const UPDATE_SPECS = [
  { id: "update-bytes", unit: "bytes received", direction: "lower", bar: 1.2 },
  { id: "update-round-trips", unit: "round trips", direction: "lower", bar: 3 },
] as const satisfies readonly RowSpec[];
