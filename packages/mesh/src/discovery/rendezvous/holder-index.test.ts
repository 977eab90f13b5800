import { describe, expect, it } from "vitest";
import { digestList, digestOf, NO_DIGESTS } from "../hashes/path-digest.ts";
import { testDigest, testPath, testPeer } from "../twins/test-paths.ts";
import type { Announcement } from "./announcement.ts";
import { HolderIndex, type HolderIndexInit } from "./holder-index.ts";

const random = (): number => 0.5;

function indexOf(init: Partial<HolderIndexInit> = {}): HolderIndex {
  return new HolderIndex({ random, ...init });
}

/** The message number `sequence` of a node, with paths by number. */
function message(sequence: number, added: readonly number[] = [], removed: readonly number[] = []): Announcement {
  return { epoch: 7, sequence, added: digestList(added.map(testDigest)), removed: digestList(removed.map(testDigest)) };
}

function sweepAll(index: HolderIndex, isKept: (shard: number) => boolean = () => true): void {
  index.sweep(0, index.slotCount, isKept);
}

describe("a keeper's index", () => {
  it("names who announced a path and has not withdrawn it", () => {
    const index = indexOf();
    expect(index.take(testPeer(1), message(0, [1, 2]))).toBe("applied");
    expect(index.take(testPeer(2), message(0, [1]))).toBe("applied");
    expect(index.take(testPeer(1), message(1, [], [1]))).toBe("applied");
    expect(index.holdersOf(testDigest(1))).toEqual([testPeer(2)]);
    expect(index.holdersOf(testDigest(2))).toEqual([testPeer(1)]);
    expect(index.holdersOf(digestOf(testPath(3)))).toEqual([]);
  });

  it("asks for everything again when a message is missing, or comes from a node that it does not know", () => {
    const index = indexOf();
    expect(index.take(testPeer(1), message(1, [1]))).toBe("resend");
    index.take(testPeer(1), message(0, [1]));
    expect(index.take(testPeer(1), message(2))).toBe("resend");
    expect(index.take(testPeer(1), { ...message(1), epoch: 8 })).toBe("resend");
  });

  it("takes the last message twice, for its answer may have been lost", () => {
    const index = indexOf();
    index.take(testPeer(1), message(0, [1]));
    expect(index.take(testPeer(1), message(0, [1]))).toBe("applied");
    expect(index.take(testPeer(1), message(1, [2]))).toBe("applied");
    expect(index.take(testPeer(1), message(1, [2]))).toBe("applied");
    expect(index.holdersOf(testDigest(2))).toEqual([testPeer(1)]);
  });

  it("forgets a lost holder at once, and gives its memory back after a sweep", () => {
    const index = indexOf();
    index.take(testPeer(1), message(0, [1, 2, 3]));
    index.take(testPeer(2), message(0, [1]));
    index.forget(testPeer(1));
    expect(index.holdersOf(testDigest(1))).toEqual([testPeer(2)]);
    expect(index.garbageCount).toBe(3);
    sweepAll(index);
    expect([index.garbageCount, index.pairCount]).toEqual([0, 1]);
  });

  it("counts only what a node says after it has begun anew", () => {
    const index = indexOf();
    index.take(testPeer(1), message(0, [1, 2]));
    index.take(testPeer(1), message(0, [2]));
    expect(index.holdersOf(testDigest(1))).toEqual([]);
    sweepAll(index);
    expect(index.pairCount).toBe(1);
  });

  it("sweeps away shards that are no longer kept", () => {
    const index = indexOf();
    index.take(testPeer(1), message(0, [1, 2, 3]));
    sweepAll(index, () => false);
    expect(index.pairCount).toBe(0);
  });

  it("remembers 64 holders of a path: the first 32, and of the others the later ones", () => {
    const index = indexOf();
    for (let peer = 0; peer < 200; peer++) index.take(testPeer(peer), message(0, [1]));
    expect(index.holdersOf(testDigest(1))).toHaveLength(64);
    const first = Array.from({ length: 32 }, (_, peer) => testPeer(peer));
    expect(index.holdersOf(testDigest(1))).toEqual(expect.arrayContaining([...first, testPeer(199)]));
  });

  it("asks those that check again when many of the few that it remembers are gone", () => {
    const index = indexOf();
    for (let peer = 0; peer < 100; peer++) index.take(testPeer(peer), message(0, [1]));
    expect(index.take(testPeer(99), { ...message(0), sequence: 1 })).toBe("applied");
    for (let peer = 0; peer < 16; peer++) index.forget(testPeer(peer));
    expect(index.take(testPeer(99), { ...message(0), sequence: 1, added: NO_DIGESTS })).toBe("resend");
  });

  it("keeps no more of a liar, or of all, than its bounds", () => {
    const index = indexOf({ maxPairsPerHolder: 100, maxPairs: 150 });
    const many = Array.from({ length: 1000 }, (_, number) => number);
    index.take(testPeer(1), message(0, many));
    expect(index.pairCount).toBe(100);
    index.take(testPeer(2), message(0, many.slice(500)));
    expect(index.pairCount).toBe(150);
  });
});
