import type { RowSpec } from "../../rows.ts";

/** How much later the last of three nodes has the closure when one of its two holders fails in mid-transfer. */
export const FAULT_SPECS = [
  { id: "fault-killed", unit: "ms later", direction: "lower", bar: 3_000 },
  { id: "fault-frozen", unit: "ms later", direction: "lower", bar: 3_000 },
  { id: "fault-corrupt", unit: "ms later", direction: "lower", bar: 3_000 },
] as const satisfies readonly RowSpec[];
