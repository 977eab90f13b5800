import { NAR_LIMITS } from "../../network/limits.ts";
import type { ByteRange } from "../../ports.ts";
import { SLOT_LIMITS } from "../limits.ts";

/** What a peer is told of: ranges that are worth a request, and of too many some from everywhere. */
export function offeredRanges(available: readonly ByteRange[]): readonly ByteRange[] {
  const worthwhile = available.filter(({ start, end }) => end - start >= SLOT_LIMITS.worthwhileBytes);
  const step = Math.max(1, worthwhile.length / NAR_LIMITS.maxRanges);
  return worthwhile.filter((_, index) => Math.floor(index / step) > Math.floor((index - 1) / step));
}
