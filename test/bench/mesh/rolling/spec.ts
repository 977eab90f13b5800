import type { RowSpec } from "../../rows.ts";

/** One more node when 7 have the closure: times faster than with Nix alone, and the NAR bytes that upstream sends. */
export const ROLLING_SPECS = [
  { id: "rolling", unit: "ms", direction: "higher", bar: 4 },
  { id: "rolling-bytes", unit: "NAR bytes of upstream", direction: "lower", bar: 0 },
] as const satisfies readonly RowSpec[];
