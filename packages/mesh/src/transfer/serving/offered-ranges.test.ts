import { expect, it } from "vitest";
import { NAR_LIMITS } from "../../network/limits.ts";
import { SLOT_LIMITS } from "../limits.ts";
import { offeredRanges } from "./offered-ranges.ts";

const WORTHWHILE = SLOT_LIMITS.worthwhileBytes;

function ranges(count: number, sizeBytes = WORTHWHILE) {
  return Array.from({ length: count }, (_, index) => {
    const start = index * 2 * WORTHWHILE;
    return { start, end: start + sizeBytes };
  });
}

it("tells of all ranges that are worth a request", () => {
  expect(offeredRanges(ranges(NAR_LIMITS.maxRanges))).toEqual(ranges(NAR_LIMITS.maxRanges));
  expect(offeredRanges(ranges(3, WORTHWHILE - 1))).toEqual([]);
});

it("tells of ranges from everywhere when there are too many", () => {
  const count = 3 * NAR_LIMITS.maxRanges + 7;
  const offered = offeredRanges(ranges(count));
  expect(offered).toHaveLength(NAR_LIMITS.maxRanges);
  const middle = offered[NAR_LIMITS.maxRanges / 2]?.start ?? 0;
  expect(Math.abs(middle / (2 * WORTHWHILE) - count / 2)).toBeLessThan(4);
});
