import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testDigest } from "../twins/test-paths.ts";
import { BloomFilter, MAX_FILTER_PATHS, parseBloomFilter } from "./bloom-filter.ts";

describe("a Bloom filter", () => {
  it("has all that was added and, when full, one in a hundred others at most", () => {
    const filter = BloomFilter.forPaths(20_000);
    for (let index = 0; index < 20_000; index++) filter.add(testDigest(index));
    const read = parseBloomFilter(filter.bytes);
    for (let index = 0; index < 20_000; index++) expect(read.has(testDigest(index))).toBe(true);
    const others = Array.from({ length: 20_000 }, (_, index) => testDigest(1_000_000 + index));
    expect(others.filter((digest) => read.has(digest)).length).toBeLessThan(200);
  });

  it("takes 122 KiB for 100,000 paths", () => {
    expect(BloomFilter.forPaths(100_000).bytes.length).toBe(125_000);
  });

  it("does not share memory with the bytes that it was read from", () => {
    const bytes = BloomFilter.forPaths(0).bytes;
    const filter = parseBloomFilter(bytes);
    bytes.fill(255);
    expect(filter.has(testDigest(1))).toBe(false);
  });

  it("refuses a filter that claims everything", () => {
    expect(() => parseBloomFilter(new Uint8Array(1280).fill(255))).toThrow("claims everything");
  });

  it("refuses sizes that no filter has", () => {
    for (const length of [0, 1, 1279, (MAX_FILTER_PATHS * 10) / 8 + 1]) {
      expect(() => parseBloomFilter(new Uint8Array(length))).toThrow(expect.objectContaining({ code: "BadBytes" }));
    }
  });

  it("reads foreign bytes of any content as a filter or as BadBytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1200, maxLength: 1400 }), (bytes) => {
        try {
          expect(parseBloomFilter(bytes).fillRatio()).toBeLessThanOrEqual(0.55);
        } catch (error) {
          expect(error).toMatchObject({ code: "BadBytes" });
        }
      }),
    );
  });
});
