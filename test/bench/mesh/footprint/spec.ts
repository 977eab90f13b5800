import type { RowSpec } from "../../rows.ts";

/**
 * A daemon with 100,000 paths and 100 connected peers that nobody asks for anything. `footprint-growth`: its processor
 * time against that of a daemon with a tenth of the paths at the same time; nothing that is done again and again may grow
 * with the store.
 */
export const FOOTPRINT_SPECS = [
  { id: "footprint-memory", unit: "MiB", direction: "lower", bar: 150 },
  { id: "footprint-cpu", unit: "% of a processor", direction: "lower", bar: 1 },
  { id: "footprint-growth", unit: "times the time for a tenth of the paths", direction: "lower", bar: 1.5 },
] as const satisfies readonly RowSpec[];
