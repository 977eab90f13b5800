import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseNarInfo, type StorePath, storePathHash } from "@niphas/core";
import type { CaseContext } from "../world/context.ts";

/** What upstream sent of some NAR files, by its access log. */
export interface Sent {
  readonly bytes: number;
  /** Sum of the files' sizes: what one copy of each takes. */
  readonly oneCopyBytes: number;
}

export function sentOf({ cache, closures }: CaseContext, paths: readonly StorePath[], since = 0): Sent {
  const infos = paths.map((path) =>
    parseNarInfo(readFileSync(join(closures.cacheDir, `${storePathHash(path)}.narinfo`), "utf8")),
  );
  const files = new Set(infos.map(({ url }) => `/${url}`));
  const requests = cache.requests.slice(since).filter(({ path }) => files.has(path));
  return {
    bytes: requests.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    oneCopyBytes: infos.reduce((sum, { fileSizeBytes = 0 }) => sum + fileSizeBytes, 0),
  };
}

export function describeSent({ bytes, oneCopyBytes }: Sent): string {
  return `upstream sent ${bytes} bytes of NARs; one copy is ${oneCopyBytes} (${(bytes / oneCopyBytes).toFixed(3)} times)`;
}
