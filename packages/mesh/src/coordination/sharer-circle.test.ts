import { expect, it } from "vitest";
import { testPeer } from "../discovery/twins/test-paths.ts";
import type { PeerId } from "../ports.ts";
import { COORDINATION_LIMITS } from "./limits.ts";
import { SharerCircle } from "./sharer-circle.ts";
import { newWanter, type Wanter } from "./wanter.ts";

const COUNT = 300;

function circle(count: number) {
  const wanters = new Map<PeerId, Wanter>();
  for (let index = 0; index < count; index++) {
    const wanter = newWanter(testPeer(index), 0);
    wanter.role = "sharing";
    wanters.set(wanter.peer, wanter);
  }
  return { wanters: [...wanters.values()], circle: new SharerCircle(wanters) };
}

it("names all equally often, and nobody to themselves", () => {
  const { wanters, circle: named } = circle(COUNT);
  const counts = new Map<PeerId, number>();
  for (const wanter of wanters) {
    const peers = named.next(wanter, 0);
    expect(peers).not.toContain(wanter.peer);
    for (const peer of peers) counts.set(peer, (counts.get(peer) ?? 0) + 1);
  }
  expect(new Set(counts.values())).toEqual(new Set([COORDINATION_LIMITS.maxPeers]));
});

it("names all others in the end", () => {
  const { wanters, circle: named } = circle(COUNT);
  const [first] = wanters;
  const peers = new Set<PeerId>();
  const times = Math.ceil((COUNT - 1) / COORDINATION_LIMITS.maxPeers);
  for (let time = 0; time < times; time++) {
    for (const peer of named.next(first ?? expect.fail("nobody"), time)) peers.add(peer);
  }
  expect(peers.size).toBe(COUNT - 1);
});

it("names each other once when they are few", () => {
  const { wanters, circle: named } = circle(3);
  const [first] = wanters;
  expect(named.next(first ?? expect.fail("nobody"), 0)).toEqual([testPeer(1), testPeer(2)]);
  expect(circle(1).circle.next(first ?? expect.fail("nobody"), 0)).toEqual([]);
});
