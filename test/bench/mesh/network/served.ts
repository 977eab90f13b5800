import type { ShapedUpstream } from "../../../mesh/network/index.ts";

/** What upstream has sent of NARs, in bytes with their headers. */
export function narBytesServed(upstream: ShapedUpstream): number {
  const nars = upstream.requests().filter(({ path }) => path.startsWith("/nar/"));
  return nars.reduce((sum, { bytes }) => sum + bytes, 0);
}
