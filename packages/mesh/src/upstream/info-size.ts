import type { NarInfo } from "@niphas/core";
import type { PeerPathInfo } from "../ports.ts";

/** Of an info without its texts, in V8: the object, its arrays, and its place in a map. */
const INFO_BYTES = 512;
/** Of a text: its head, and the reference to it. */
const TEXT_BYTES = 64;

/** About what an info takes in memory. */
export function infoSizeBytes(info: NarInfo | PeerPathInfo): number {
  const url = "url" in info ? info.url.length : 0;
  let sizeBytes =
    INFO_BYTES + info.path.length + url + (info.deriver?.length ?? 0) + (info.contentAddress?.length ?? 0);
  for (const text of info.references) sizeBytes += TEXT_BYTES + text.length;
  for (const text of info.signatures) sizeBytes += TEXT_BYTES + text.length;
  return sizeBytes;
}
