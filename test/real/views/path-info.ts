import { parseNarHash, type StorePath } from "@niphas/core";
import type { PathInfo } from "@niphas/nix";

/** A row for a path that lies in a directory and in no database. */
export function pathInfo(path: StorePath, id = 1): PathInfo {
  return {
    id,
    path,
    narHash: parseNarHash(`sha256:${"0".repeat(64)}`),
    narSizeBytes: 1,
    references: [],
    signatures: [],
    contentAddress: undefined,
    isUltimate: false,
    registeredAtSeconds: 1,
  };
}
