import type { RowSpec } from "../../rows.ts";

/**
 * How long the local substituter takes to say 404 to a path that neither a member nor upstream has, and that no plan is
 * about. Upstream is on the same switch: how far it is away comes on top.
 */
export const ABSENT_SPECS = [
  { id: "narinfo-absent-p99", unit: "ms", direction: "lower", bar: 50 },
] as const satisfies readonly RowSpec[];
