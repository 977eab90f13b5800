import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PeerId } from "../../ports.ts";
import { testPeer } from "../twins/test-paths.ts";
import { MemberView } from "./member-view.ts";

const peers = fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 40 });
const SHARDS = Array.from({ length: 40 }, (_, index) => index * 100);

describe("keepers", () => {
  it("are the same on all nodes with the same members, in whatever order and by whatever way they came", () => {
    fc.assert(
      fc.property(peers, peers, fc.array(fc.nat(39)), (before, now, asked) => {
        const view = MemberView.of(before.map(testPeer));
        for (const index of asked) view.keepersOf(SHARDS[index] ?? 0);
        const changed = view.changedTo(now.map(testPeer));
        const fresh = MemberView.of(now.toReversed().map(testPeer));
        for (const shard of SHARDS) expect(changed.keepersOf(shard)).toEqual(fresh.keepersOf(shard));
      }),
    );
  });

  it("are three different members, or all when there are fewer", () => {
    for (const count of [1, 2, 3, 300]) {
      const view = MemberView.of(Array.from({ length: count }, (_, index) => testPeer(index)));
      expect(new Set(view.keepersOf(5)).size).toBe(Math.min(count, 3));
    }
  });

  it("change only in shards that a joining or leaving member keeps", () => {
    const all = Array.from({ length: 300 }, (_, index) => testPeer(index));
    const before = MemberView.of(all);
    const after = MemberView.of(all.slice(1));
    for (const shard of SHARDS) {
      const kept = before.keepersOf(shard).filter((peer) => peer !== testPeer(0));
      expect(after.keepersOf(shard)).toEqual(expect.arrayContaining(kept));
    }
  });

  it("share the shards evenly", () => {
    const view = MemberView.of(Array.from({ length: 300 }, (_, index) => testPeer(index)));
    const counts = new Map<PeerId, number>();
    for (let shard = 0; shard < 4096; shard++) {
      for (const peer of view.keepersOf(shard)) counts.set(peer, (counts.get(peer) ?? 0) + 1);
    }
    expect(counts.size).toBe(300);
    expect(Math.max(...counts.values())).toBeLessThan(41 * 1.8);
  });
});
