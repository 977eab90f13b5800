import type { RowSpec } from "../../rows.ts";

/** One large NAR from a peer's page cache into Nix, nothing shaped: against Nix from nginx and against bare libp2p. */
export const STREAM_SPECS = [
  { id: "stream-nginx", unit: "MB/s", direction: "higher", bar: 0.4 },
  { id: "stream-libp2p", unit: "MB/s", direction: "higher", bar: 0.6 },
] as const satisfies readonly RowSpec[];
