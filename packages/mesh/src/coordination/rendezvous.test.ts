import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testPath, testPeer } from "../discovery/twins/test-paths.ts";
import type { PeerId } from "../ports.ts";
import { Owners } from "./owners.ts";
import { highestMembers, rendezvousMember, rendezvousScore } from "./rendezvous.ts";

const members = fc.uniqueArray(fc.nat(80), { minLength: 1, maxLength: 50 });

describe("rendezvous hashing", () => {
  it("orders members by weight, whatever order they come in", () => {
    fc.assert(
      fc.property(members, fc.integer(), fc.integer({ min: 1, max: 6 }), (indexes, key, count) => {
        const all = indexes.map((index) => rendezvousMember(testPeer(index)));
        const weights = all.map((member) => rendezvousScore(member, key)).sort((a, b) => b - a);
        const found = highestMembers(all, key, count);
        expect(found.map((member) => rendezvousScore(member, key))).toEqual(weights.slice(0, count));
        expect(highestMembers(all.toReversed(), key, count)).toEqual(found);
      }),
    );
  });

  it("orders equal weights by peer id", () => {
    const [a, b] = ["a", "b"].map((peerId) => ({ peerId: peerId as PeerId, low: 1, high: 2 }));
    if (a === undefined || b === undefined) return expect.fail();
    expect(highestMembers([b, a], 3, 2)).toEqual([a, b]);
    expect(highestMembers([b, a], 3, 1)).toEqual([a]);
  });

  it("gives the weights that are part of the wire contract", () => {
    expect(rendezvousScore(rendezvousMember(testPeer(1)), 42)).toMatchInlineSnapshot(`1669904149`);
  });
});

describe("owners of a path", () => {
  const peers = Array.from({ length: 100 }, (_, index) => testPeer(index));

  it("are the same three on all nodes", () => {
    const owners = new Owners(peers).of(testPath(1));
    expect(owners).toHaveLength(3);
    expect(new Owners(peers.toReversed()).of(testPath(1))).toEqual(owners);
  });

  it("move up when the first one leaves", () => {
    const [first, ...rest] = new Owners(peers).of(testPath(1));
    const without = new Owners(peers.filter((peer) => peer !== first)).of(testPath(1));
    expect(without.slice(0, 2)).toEqual(rest);
  });

  it("share the paths evenly", () => {
    const owners = new Owners(peers);
    const counts = new Map<PeerId, number>();
    for (let index = 0; index < 5000; index++) {
      for (const peer of owners.of(testPath(index), 1)) counts.set(peer, (counts.get(peer) ?? 0) + 1);
    }
    expect(counts.size).toBe(100);
    expect(Math.max(...counts.values())).toBeLessThan(100);
  });
});
