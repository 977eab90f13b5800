import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testDigest } from "../twins/test-paths.ts";
import { DigestPairs } from "./digest-pairs.ts";
import { type PathDigest, pathHashOf } from "./path-digest.ts";

const operation = fc.record({
  kind: fc.constantFrom("add", "delete", "sweep"),
  digest: fc.nat(30),
  value: fc.nat(5),
});

interface Operation {
  readonly kind: string;
  readonly digest: number;
  readonly value: number;
}

/** Does the same to the table and to a set of texts. */
function apply({ kind, digest, value }: Operation, pairs: DigestPairs, model: Set<string>): void {
  const text = `${pathHashOf(testDigest(digest))} ${value}`;
  if (kind === "add") {
    expect(pairs.add(testDigest(digest), value)).toBe(!model.has(text));
    model.add(text);
  } else if (kind === "delete") {
    expect(pairs.delete(testDigest(digest), value)).toBe(model.delete(text));
  } else {
    pairs.sweep(0, pairs.slotCount, (_, kept) => kept !== value);
    for (const other of [...model].filter((held) => held.endsWith(` ${value}`))) model.delete(other);
  }
}

/** All pairs as text, sorted. */
function content(pairs: DigestPairs): string[] {
  return [...pairs.entries()].map(([digest, value]) => `${pathHashOf(digest)} ${value}`).sort();
}

describe("a table of digests and numbers", () => {
  it("holds what a set of pairs would hold after any adding, deleting and sweeping", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400 }), fc.nat(), (operations, seed) => {
        const pairs = new DigestPairs({ seed });
        const model = new Set<string>();
        for (const each of operations) apply(each, pairs, model);
        expect(content(pairs)).toEqual([...model].sort());
        expect(pairs.size).toBe(model.size);
        for (const [digest, value] of [...pairs.entries()]) {
          expect(pairs.has(digest, value)).toBe(true);
          expect(pairs.values(digest)).toContain(value);
        }
      }),
    );
  });

  it("gives the values of a digest in the order in which they came, whatever else comes and goes", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), fc.nat(), (operations, seed) => {
        const pairs = new DigestPairs({ seed });
        const model = new Set<string>();
        for (const each of operations) apply(each, pairs, model);
        for (let digest = 0; digest <= 30; digest++) {
          const hash = pathHashOf(testDigest(digest));
          const held = [...model]
            .filter((text) => text.startsWith(hash))
            .map((text) => Number(text.slice(hash.length)));
          expect(pairs.values(testDigest(digest))).toEqual(held);
        }
      }),
    );
  });

  it("keeps 100,000 pairs in less than 64 bytes each", () => {
    const pairs = new DigestPairs({ seed: 1 });
    for (let index = 0; index < 100_000; index++) pairs.add(testDigest(index), 0);
    expect(pairs.size).toBe(100_000);
    expect(pairs.sizeBytes).toBeLessThan(6_400_000);
  });

  it("refuses digests that are made to collide before it becomes slow", () => {
    const pairs = new DigestPairs({ seed: 1, expectedPairs: 20_000 });
    const digest = testDigest(1);
    for (let value = 0; value < 10_000; value++) pairs.add(digest, value);
    expect(pairs.size).toBe(4096);
    expect(pairs.add(new Uint8Array(20) as PathDigest, 0)).toBe(true);
  });
});
