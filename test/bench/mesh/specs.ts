import type { RowSpec } from "../rows.ts";

/** What moving store paths between nodes may cost. Ratios are against peers of the same run. */
export const MESH_SPECS = [
  { id: "serialiser", unit: "MiB/s", direction: "higher", bar: 1 },
] as const satisfies readonly RowSpec[];

export type MeshRowId = (typeof MESH_SPECS)[number]["id"];
