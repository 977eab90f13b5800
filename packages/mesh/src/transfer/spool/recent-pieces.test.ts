import { describe, expect, it } from "vitest";
import { RecentPieces } from "./recent-pieces.ts";

const KIB = 1024;

const piece = (owner: object, start: number, sizeBytes: number) => ({
  owner,
  start,
  bytes: Buffer.alloc(sizeBytes, start / KIB),
});

describe("RecentPieces", () => {
  it("gives what there is from a place on, and nothing of another NAR", () => {
    const [one, other] = [{}, {}];
    const recent = new RecentPieces({ maxBytes: 100 * KIB });
    recent.add(piece(one, 8 * KIB, 8 * KIB));
    expect(recent.find(one, 10 * KIB, 12 * KIB)).toEqual(Buffer.alloc(2 * KIB, 8));
    expect(recent.find(one, 10 * KIB, 99 * KIB)).toHaveLength(6 * KIB);
    expect(recent.find(one, 16 * KIB, 17 * KIB)).toBeUndefined();
    expect(recent.find(one, 7 * KIB, 9 * KIB)).toBeUndefined();
    expect(recent.find(other, 10 * KIB, 12 * KIB)).toBeUndefined();
  });

  it("forgets the oldest pieces of all NARs when there are too many bytes", () => {
    const [one, other] = [{}, {}];
    const recent = new RecentPieces({ maxBytes: 33 * KIB });
    recent.add(piece(one, 0, 16 * KIB));
    recent.add(piece(other, 0, 16 * KIB));
    recent.add(piece(one, 16 * KIB, 16 * KIB));
    expect(recent.find(one, 0, KIB)).toBeUndefined();
    expect(recent.find(other, 0, KIB)).toBeDefined();
    expect(recent.sizeBytes).toBeLessThanOrEqual(33 * KIB);
  });

  it("is bounded for pieces of single bytes, too", () => {
    const recent = new RecentPieces({ maxBytes: 100 * KIB });
    const owner = {};
    for (let start = 0; start < 1000; start++) recent.add(piece(owner, start, 1));
    const kept = Array.from({ length: 1000 }, (_, start) => recent.find(owner, start, start + 1));
    expect(kept.filter((each) => each !== undefined).length).toBeLessThan(400);
  });

  it("keeps nothing that alone is too large", () => {
    const recent = new RecentPieces({ maxBytes: KIB });
    const owner = {};
    recent.add(piece(owner, 0, 2 * KIB));
    expect(recent.find(owner, 0, 1)).toBeUndefined();
    expect(recent.sizeBytes).toBe(0);
  });

  it("drops all of one NAR", () => {
    const [one, other] = [{}, {}];
    const recent = new RecentPieces({ maxBytes: 100 * KIB });
    recent.add(piece(one, 0, KIB));
    recent.add(piece(other, 0, KIB));
    recent.drop(one);
    expect(recent.find(one, 0, 1)).toBeUndefined();
    expect(recent.find(other, 0, 1)).toBeDefined();
  });
});
