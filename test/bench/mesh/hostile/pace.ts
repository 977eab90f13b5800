import type { BinaryCacheServer } from "@niphas/testing";

/** A NAR of 200 kB takes a tenth of a second. */
const BYTES_PER_SECOND = 2_000_000;

/** Makes a cache as slow as one behind a network is, and takes back all else that was to happen to its answers. */
export function setPace(cache: BinaryCacheServer): void {
  cache.setFaults({ path: /^\/nar\//, bytesPerSecond: BYTES_PER_SECOND });
}
