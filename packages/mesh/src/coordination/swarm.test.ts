import { describe, expect, it } from "vitest";
import type { PeerId } from "../ports.ts";
import { Owners } from "./owners.ts";
import type { WantRequests } from "./ports.ts";
import { Swarm } from "./twins/swarm.ts";

/** From the moment at which somebody is gone until the next one goes on. */
const HANDOVER_MS = 2_000;
const TICK_MS = 100;

async function halfway(swarm: Swarm) {
  swarm.wantAll(swarm.others);
  await swarm.run(2_000);
  const [fetcher] = swarm.fetchers();
  return fetcher ?? expect.fail("nobody fetches");
}

describe("nodes that want one closure at once", () => {
  it.each([2, 3, 8, 20, 50])("get it from upstream once: %i nodes", async (nodeCount) => {
    const swarm = new Swarm({ nodeCount, pathCount: 12 });
    swarm.wantAll();
    const tookMs = await swarm.finish();
    expect(swarm.upstreamShare).toBeCloseTo(1, 5);
    // One path takes 4 s from upstream, and 8 are fetched at a time.
    expect(tookMs).toBeLessThan(20_000);
  });

  it("leave no question and no report behind", async () => {
    const swarm = new Swarm({ nodeCount: 4, pathCount: 3 });
    swarm.wantAll();
    await swarm.finish();
    await swarm.run(1_000);
    const before = swarm.network.messageCount;
    await swarm.run(10_000);
    expect(swarm.network.messageCount).toBe(before);
    expect(swarm.network.clock.timerCount).toBe(0);
  });

  it("need no others: what one wants alone, no other holds, and asking costs one message", async () => {
    const swarm = new Swarm({ nodeCount: 8 });
    const [alone] = swarm.others;
    alone?.want(swarm.paths);
    await swarm.run(100);
    expect(alone?.isFetching(swarm.path)).toBe(true);
    expect(swarm.network.messageCount).toBeLessThanOrEqual(2);
    await swarm.finish();
    expect(swarm.nodes.filter((node) => node.haveBytes(swarm.path) > 0)).toEqual([alone]);
  });

  it("that come later get it from those who have it", async () => {
    const swarm = new Swarm({ nodeCount: 6 });
    const [first, ...late] = swarm.others;
    first?.want(swarm.paths);
    await swarm.finish();
    swarm.wantAll(late);
    expect(await swarm.finish()).toBeLessThan(4_000);
    expect(swarm.upstreamShare).toBeCloseTo(1, 5);
  });

  it("wait for those who have it and have no slot free, and leave upstream alone", async () => {
    const swarm = new Swarm({ nodeCount: 8 });
    const [first, ...late] = swarm.others;
    first?.want(swarm.paths);
    await swarm.finish();
    for (const node of swarm.nodes) node.isBusy = true;
    swarm.wantAll(late);
    await swarm.run(9_000);
    expect(swarm.fetchers()).toEqual([]);
    for (const node of swarm.nodes) node.isBusy = false;
    await swarm.finish();
    expect(swarm.upstreamShare).toBeCloseTo(1, 5);
  });

  it("without other members fetch for themselves at once", async () => {
    const swarm = new Swarm({ nodeCount: 1 });
    swarm.wantAll();
    await swarm.run(100);
    expect(swarm.fetchers()).toHaveLength(1);
    expect(swarm.network.messageCount).toBe(0);
  });
});

describe("when the one who fetches", () => {
  it.each<[string, (swarm: Swarm, peer: PeerId) => void]>([
    ["is killed", (swarm, peer) => swarm.network.kill(peer)],
    ["is frozen", (swarm, peer) => swarm.network.freeze(peer)],
  ])("%s, one other goes on within 2 s at the byte that the others have", async (_name, fault) => {
    const swarm = new Swarm({ nodeCount: 10 });
    const fetcher = await halfway(swarm);
    fault(swarm, fetcher.self);
    const tookMs = await swarm.runUntil(() => swarm.fetchers().length > 0, 10_000);
    expect(tookMs).toBeLessThanOrEqual(HANDOVER_MS + 10 * TICK_MS);
    await swarm.finish();
    expect(swarm.upstreamShare).toBeLessThan(1.2);
  });

  it("gets nothing from upstream, one other goes on", async () => {
    const swarm = new Swarm({ nodeCount: 10 });
    const fetcher = await halfway(swarm);
    fetcher.isStalled = true;
    const isReplaced = () => swarm.fetchers().some((node) => node !== fetcher);
    expect(await swarm.runUntil(isReplaced, 10_000)).toBeLessThan(5_000);
    await swarm.run(4_000);
    fetcher.isStalled = false;
    await swarm.finish();
    expect(swarm.upstreamShare).toBeLessThan(2);
  });

  it("is not alone: with upstream slow for everybody, few ask it", async () => {
    const swarm = new Swarm({ nodeCount: 20 });
    for (const node of swarm.nodes) node.isStalled = true;
    swarm.wantAll(swarm.others);
    await swarm.run(4_500);
    expect(swarm.fetchers().length).toBeLessThanOrEqual(4);
  });
});

describe("when the owner", () => {
  it.each<[string, (swarm: Swarm, peer: PeerId) => void]>([
    ["is dead before anybody asks", (swarm, peer) => swarm.network.kill(peer)],
    ["is frozen before anybody asks", (swarm, peer) => swarm.network.freeze(peer)],
  ])("%s, the next one coordinates", async (_name, fault) => {
    const swarm = new Swarm({ nodeCount: 10 });
    fault(swarm, swarm.owner.self);
    swarm.wantAll(swarm.others);
    const tookMs = await swarm.runUntil(() => swarm.fetchers().length > 0, 10_000);
    expect(tookMs).toBeLessThanOrEqual(HANDOVER_MS);
    await swarm.finish();
    expect(swarm.upstreamShare).toBeLessThan(1.2);
  });

  it.each<[string, (swarm: Swarm, peer: PeerId) => void]>([
    ["is killed", (swarm, peer) => swarm.network.kill(peer)],
    ["is frozen", (swarm, peer) => swarm.network.freeze(peer)],
  ])("%s in between, the fetch goes on undisturbed", async (_name, fault) => {
    const swarm = new Swarm({ nodeCount: 10 });
    await halfway(swarm);
    fault(swarm, swarm.owner.self);
    await swarm.finish();
    expect(swarm.upstreamShare).toBeLessThan(1.2);
  });

  it("and the next one are gone, the third coordinates", async () => {
    const swarm = new Swarm({ nodeCount: 10 });
    const [first, second] = new Owners(swarm.nodes.map(({ self }) => self)).of(swarm.path);
    for (const peer of [first, second]) if (peer !== undefined) swarm.network.freeze(peer);
    swarm.wantAll(swarm.nodes.filter(({ self }) => self !== first && self !== second));
    await swarm.finish();
    expect(swarm.upstreamShare).toBeLessThan(1.2);
  });
});

describe("when the mesh falls apart", () => {
  it("each side of a partition fetches once", async () => {
    const swarm = new Swarm({ nodeCount: 12, pathCount: 6 });
    swarm.network.cut((peer) => Number(peer.split("-")[1]) % 2);
    swarm.wantAll();
    await swarm.finish();
    expect(swarm.upstreamShare).toBeCloseTo(2, 5);
  });

  it("in mid-transfer, the side without the fetcher goes on by itself", async () => {
    const swarm = new Swarm({ nodeCount: 12 });
    await halfway(swarm);
    swarm.network.cut((peer) => Number(peer.split("-")[1]) % 2);
    await swarm.finish();
    expect(swarm.upstreamShare).toBeLessThan(2);
  });

  it("all nodes start again at once, and it still costs one copy", async () => {
    const swarm = new Swarm({ nodeCount: 20, pathCount: 4 });
    swarm.wantAll();
    await swarm.run(2_000);
    for (const node of swarm.nodes) node.restart();
    await swarm.finish();
    expect(swarm.upstreamShare).toBeLessThan(1.2);
  });

  it("nodes die one after the other, and the last ones have it all the same", async () => {
    const swarm = new Swarm({ nodeCount: 12, pathCount: 2 });
    swarm.wantAll();
    for (const node of swarm.nodes.slice(0, 9)) {
      await swarm.run(700);
      swarm.network.kill(node.self);
    }
    await swarm.finish();
    expect(swarm.nodes.slice(9).every((node) => node.isDone)).toBe(true);
  });
});

describe("owners that lie", () => {
  const inCircle = (peers: readonly PeerId[]): WantRequests => ({
    want: (from, reports) => {
      const next = peers[(peers.indexOf(from) + 1) % peers.length];
      return reports.map(() => ({ kind: "tail", peers: next === undefined ? [] : [next] }));
    },
  });

  it.each([1, 2, 3])("%i of 3, who send everybody round in a circle, hold nobody up for good", async (liarCount) => {
    const peers = new Swarm({ nodeCount: 9 }).nodes.map(({ self }) => self);
    const { path } = new Swarm({ nodeCount: 9 });
    const liars = new Owners(peers).of(path).slice(0, liarCount);
    const honest = peers.filter((peer) => !liars.includes(peer));
    const swarm = new Swarm({ nodeCount: 9, liars: new Map(liars.map((liar) => [liar, inCircle(honest)])) });
    swarm.wantAll(swarm.nodes.filter(({ self }) => honest.includes(self)));
    expect(await swarm.runUntil(() => swarm.fetchers().length > 0, 30_000)).toBeLessThan(10_500);
    await swarm.finish();
  });

  it.each<[string, WantRequests]>([
    ["say nothing of use", { want: (_from, reports) => reports.map(() => ({ kind: "tail", peers: [] })) }],
    ["name the asker", { want: (from, reports) => reports.map(() => ({ kind: "tail", peers: [from] })) }],
    ["name strangers", { want: (_from, reports) => reports.map(() => ({ kind: "tail", peers: ["x" as PeerId] })) }],
    ["answer less than asked", { want: () => [] }],
    [
      "throw",
      {
        want: () => {
          throw new Error("no");
        },
      },
    ],
  ])("and %s are passed over", async (_name, lies) => {
    const peers = new Swarm({ nodeCount: 6 }).nodes.map(({ self }) => self);
    const [liar = expect.fail("no owner")] = new Owners(peers).of(new Swarm({ nodeCount: 6 }).path);
    const swarm = new Swarm({ nodeCount: 6, liars: new Map([[liar, lies]]) });
    swarm.wantAll(swarm.others);
    await swarm.finish();
    expect(swarm.nodes.filter(({ isDone }) => isDone)).toHaveLength(6);
  });
});
