import type { RowSpec } from "../../rows.ts";

/** A daemon with 100,000 paths and 100 connected peers that nobody asks for anything. */
export const FOOTPRINT_SPECS = [
  { id: "footprint-memory", unit: "MiB", direction: "lower", bar: 150 },
  { id: "footprint-cpu", unit: "% of a processor", direction: "lower", bar: 1 },
] as const satisfies readonly RowSpec[];
