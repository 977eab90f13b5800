import type { RowSpec } from "../../rows.ts";

/**
 * `create-8-…`: the last of 8 cold nodes that begin at once, times faster than with Nix alone; `…-bytes`: what upstream
 * sends, against the closure's files. `create-1`: one cold node, which nobody helps, against Nix alone.
 */
export const CREATE_SPECS = [
  { id: "create-8-raw", unit: "ms", direction: "higher", bar: 5 },
  { id: "create-8-raw-bytes", unit: "bytes", direction: "lower", bar: 1.2 },
  { id: "create-8-xz", unit: "ms", direction: "higher", bar: 5 },
  { id: "create-8-xz-bytes", unit: "bytes", direction: "lower", bar: 1.2 },
  { id: "create-1", unit: "ms", direction: "lower", bar: 1.1 },
] as const satisfies readonly RowSpec[];
