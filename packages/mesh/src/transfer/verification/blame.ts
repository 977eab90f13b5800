import { SPOOL_LIMITS } from "../limits.ts";
import type { ByteSource } from "../ports.ts";
import type { NarSpool } from "../spool/nar-spool.ts";
import type { Segment } from "./segments.ts";

/**
 * Who gave the wrong bytes of `bad`: those in whose ranges it differs from the same NAR, verified. The bytes themselves
 * are compared, which needs no hash for each range while NARs are fetched.
 */
export async function culprits(bad: NarSpool, good: NarSpool): Promise<readonly ByteSource[]> {
  const found = new Set<ByteSource>();
  for (const segment of bad.segments.all) {
    if (!found.has(segment.source) && !(await isEqual(segment, bad, good))) found.add(segment.source);
  }
  return [...found];
}

async function isEqual(segment: Segment, bad: NarSpool, good: NarSpool): Promise<boolean> {
  for (let start = segment.start; start < segment.end; start += SPOOL_LIMITS.pieceBytes) {
    const end = Math.min(start + SPOOL_LIMITS.pieceBytes, segment.end);
    const [left, right] = await Promise.all([bad.part({ start, end }), good.part({ start, end })]);
    if (Buffer.compare(left, right) !== 0) return false;
  }
  return true;
}
