import type { RowSpec } from "../../rows.ts";

/** The local substituter's answer to a narinfo request of a planned closure of 2,000 paths. */
export const NARINFO_SPECS = [
  { id: "narinfo-p50", unit: "ms", direction: "lower", bar: 1 },
  { id: "narinfo-p99", unit: "ms", direction: "lower", bar: 5 },
] as const satisfies readonly RowSpec[];
