import type { RowSpec } from "../../rows.ts";

/**
 * How much later a pod has its closure with the worst of meshes than without any: absent, dead, frozen, silent, garbage.
 * With the Nix on PATH, and with the newer one.
 */
export const HOSTILE_SPECS = [
  { id: "hostile", unit: "s later", direction: "lower", bar: 2 },
  { id: "hostile-newer-nix", unit: "s later", direction: "lower", bar: 2 },
] as const satisfies readonly RowSpec[];
