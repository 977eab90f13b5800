import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testDigest, testPath } from "../twins/test-paths.ts";
import {
  digestCount,
  digestList,
  digestOf,
  digestsIn,
  parseDigestList,
  pathHashOf,
  SHARD_COUNT,
  shardOf,
} from "./path-digest.ts";

describe("a path's digest", () => {
  it("spells the same hash again", () => {
    expect(pathHashOf(digestOf(testPath(7)))).toBe(testPath(7));
  });

  it("lies in one of the shards", () => {
    const shards = new Set(Array.from({ length: 20_000 }, (_, index) => shardOf(testDigest(index))));
    expect(shards.size).toBeGreaterThan(SHARD_COUNT * 0.95);
    expect(Math.max(...shards)).toBeLessThan(SHARD_COUNT);
  });
});

describe("a list of digests", () => {
  it("reads what it wrote", () => {
    const list = parseDigestList(digestList([testDigest(1), testDigest(2)]), 2);
    expect([...digestsIn(list)].map(pathHashOf)).toEqual([testPath(1), testPath(2)]);
  });

  it("takes foreign bytes as whole digests within the bound, or refuses them as BadBytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(9), (bytes, maxCount) => {
        const isGood = bytes.length % 20 === 0 && bytes.length <= maxCount * 20;
        if (isGood) expect(digestCount(parseDigestList(bytes, maxCount))).toBe(bytes.length / 20);
        else expect(() => parseDigestList(bytes, maxCount)).toThrow(expect.objectContaining({ code: "BadBytes" }));
      }),
    );
  });
});
