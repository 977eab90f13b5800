import { ManualClock } from "@niphas/service";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testPath, testPaths, testPeer } from "../discovery/twins/test-paths.ts";
import type { PathHash, PeerId } from "../ports.ts";
import { COORDINATION_LIMITS } from "./limits.ts";
import { WANT_ROLES, type WantRole, type WantVerdict } from "./ports.ts";
import { WantTable, type WantTableInit } from "./want-table.ts";

const PATH = testPath(0);
const [A, B, C] = [testPeer(0), testPeer(1), testPeer(2)];

function rig(init: WantTableInit = {}) {
  const clock = new ManualClock();
  const lost = new Set<PeerId>();
  const listeners = new Set<(peer: PeerId) => void>();
  const reachability = {
    isLost: (peer: PeerId) => lost.has(peer),
    onChange: (listener: (peer: PeerId) => void) => {
      listeners.add(listener);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
  };
  const table = new WantTable({ clock, reachability }, init);
  const ask = (from: PeerId, role: WantRole = "waiting", haveBytes = 0, path: PathHash = PATH) =>
    table.want(from, [{ path, role, haveBytes }])[0] ?? expect.fail("no verdict");
  const lose = (peer: PeerId) => {
    lost.add(peer);
    for (const listener of listeners) listener(peer);
  };
  return { clock, table, ask, lose };
}

describe("the owner of a path", () => {
  it("sends the first to upstream and the others to the first", () => {
    const { ask } = rig();
    expect(ask(A)).toEqual({ kind: "fetch" });
    expect([ask(B), ask(C)]).toEqual([
      { kind: "tail", peers: [A] },
      { kind: "tail", peers: [A] },
    ]);
  });

  it("lets at most three tail one, and names the whole way to the source", () => {
    const { ask } = rig();
    ask(A);
    const verdicts = Array.from({ length: 39 }, (_, index) => ask(testPeer(index + 1)));
    const parents = verdicts.map((verdict) => (verdict.kind === "tail" ? verdict.peers[0] : "none"));
    const counts = Map.groupBy(parents, (parent) => parent);
    expect(Math.max(...[...counts.values()].map(({ length }) => length))).toBe(COORDINATION_LIMITS.maxTailers);
    for (const verdict of verdicts) {
      if (verdict.kind === "fetch") expect.fail("a second one is sent to upstream");
      expect(verdict.peers.length === COORDINATION_LIMITS.maxPeers || verdict.peers.at(-1) === A).toBe(true);
    }
  });

  it("spreads the later ones over those who have it", () => {
    const { ask } = rig();
    for (const peer of [A, B]) ask(peer, "done", 100);
    const sources = Array.from({ length: 6 }, (_, index) => ask(testPeer(index + 2)));
    const names = sources.map((verdict) => (verdict.kind === "tail" ? verdict.peers[0] : ""));
    expect([A, B].map((peer) => names.filter((name) => name === peer).length)).toEqual([3, 3]);
  });

  it("passes the job on at once when the fetcher is lost, to the one with most bytes", () => {
    const { ask, lose } = rig();
    ask(A);
    ask(B, "tailing", 10);
    ask(C, "tailing", 20);
    lose(A);
    expect(ask(B, "stuck", 10)).toEqual({ kind: "tail", peers: [C] });
    expect(ask(C, "stuck", 20)).toEqual({ kind: "fetch" });
  });

  it("does not send one to upstream again who got nothing there, unless all got nothing", () => {
    const { ask } = rig();
    ask(A);
    ask(B);
    ask(A, "failed");
    expect(ask(A)).toEqual({ kind: "tail", peers: [B] });
    expect(ask(B)).toEqual({ kind: "fetch" });
    ask(B, "failed");
    expect([ask(A), ask(B)]).toEqual([{ kind: "fetch" }, { kind: "tail", peers: [A] }]);
  });

  it("finds another source for one who gets nothing from his", () => {
    const { ask } = rig();
    ask(A, "fetching", 50);
    ask(B, "tailing", 40);
    expect(ask(C)).toEqual({ kind: "tail", peers: [A] });
    const other = ask(C, "stuck");
    expect(other).toEqual({ kind: "tail", peers: [B] });
    expect(ask(C, "stuck")).toEqual({ kind: "fetch" });
  });

  it("names those who get a path elsewhere to each other, each as often, and sends nobody to upstream", () => {
    const { ask } = rig();
    const sharers = Array.from({ length: 6 }, (_, index) => testPeer(index));
    for (const peer of sharers) ask(peer, "sharing");
    const named = sharers.map((peer) => ask(peer, "sharing"));
    const names = named.flatMap((verdict) => (verdict.kind === "tail" ? verdict.peers : []));
    const counts = Map.groupBy(names, (name) => name);
    expect([...counts.values()].map(({ length }) => length)).toEqual(sharers.map(() => COORDINATION_LIMITS.maxPeers));
    for (const [index, verdict] of named.entries()) expect(verdict).not.toMatchObject({ peers: [sharers[index]] });
    expect(ask(testPeer(9))).toMatchObject({ kind: "tail", peers: [A] });
  });

  it("relies on a sharer no longer than it gets bytes", async () => {
    const { ask, clock } = rig();
    ask(A, "sharing");
    expect(ask(B)).toEqual({ kind: "tail", peers: [A] });
    for (let waitedMs = 0; waitedMs <= COORDINATION_LIMITS.sharingStallMs; waitedMs += 1_000) {
      ask(A, "sharing");
      ask(B, "tailing");
      await clock.advance(1_000);
    }
    expect(ask(B, "stuck")).toEqual({ kind: "fetch" });
  });

  it("that is new to a path waits for the fetcher to speak", async () => {
    const { ask, clock } = rig();
    expect(ask(B, "tailing", 5)).toEqual({ kind: "tail", peers: [] });
    expect(ask(A, "fetching", 10)).toEqual({ kind: "fetch" });
    expect(ask(B, "stuck", 5)).toEqual({ kind: "tail", peers: [A] });
    await clock.advance(5_000);
    expect(ask(B, "stuck", 5)).toEqual({ kind: "fetch" });
  });

  it("forgets a path a minute after the last word", async () => {
    const { ask, table, clock } = rig();
    for (const path of testPaths(10)) ask(A, "waiting", 0, path);
    await clock.advance(COORDINATION_LIMITS.lingerMs + 1);
    for (const path of testPaths(10, 100)) ask(B, "waiting", 0, path);
    expect(table.size).toEqual({ paths: 10, wanters: 10 });
  });
});

describe("the table of an owner", () => {
  it("is bounded; whoever finds no room is on his own", () => {
    const { ask, table } = rig({ maxPaths: 10, maxWanters: 15, maxPathsPerPeer: 8 });
    for (const path of testPaths(20)) ask(A, "waiting", 0, path);
    expect(table.size).toEqual({ paths: 8, wanters: 8 });
    for (const path of testPaths(20)) ask(B, "waiting", 0, path);
    expect(table.size).toEqual({ paths: 8, wanters: 15 });
    expect(ask(B, "waiting", 0, testPath(19))).toEqual({ kind: "fetch" });
  });

  it("loses everything of a member that is gone", () => {
    const { ask, lose, table } = rig();
    for (const path of testPaths(5)) ask(A, "done", 1, path);
    lose(A);
    expect(table.size.wanters).toBe(0);
    expect(ask(B)).toEqual({ kind: "fetch" });
  });

  it("names nobody who waits for the asker, whatever members report", async () => {
    const step = fc.record({
      peer: fc.integer({ min: 0, max: MEMBERS - 1 }),
      role: fc.constantFrom(...WANT_ROLES),
      haveBytes: fc.nat(100),
      waitMs: fc.constantFrom(0, 0, 400, 2_500),
      isLost: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { ask, clock, lose, table } = rig();
        for (const { peer, role, haveBytes, waitMs, isLost } of steps) {
          const peers = peersOf(ask(testPeer(peer), role, haveBytes));
          expect(peers).not.toContain(testPeer(peer));
          expect(new Set(peers).size).toBe(peers.length);
          await clock.advance(waitMs);
          if (isLost) lose(testPeer((peer + 1) % MEMBERS));
          expect(table.size.wanters).toBeLessThanOrEqual(MEMBERS);
        }
        const members = Array.from({ length: MEMBERS }, (_, index) => testPeer(index));
        for (const member of members) ask(member, "tailing");
        // Once all have been told, they form no circle.
        const parents = new Map(members.map((member) => [member, peersOf(ask(member, "tailing"))[0]]));
        for (const member of members) expect(wayToRoot(member, parents)).toBeLessThan(MEMBERS);
      }),
      { numRuns: 60 },
    );
  });
});

const MEMBERS = 8;

function peersOf(verdict: WantVerdict): readonly PeerId[] {
  return verdict.kind === "tail" ? verdict.peers : [];
}

/** Steps until somebody tails nobody; as many as there are members in a circle. */
function wayToRoot(member: PeerId, parents: ReadonlyMap<PeerId, PeerId | undefined>): number {
  let steps = 0;
  for (let each = parents.get(member); each !== undefined && steps < MEMBERS; each = parents.get(each)) steps++;
  return steps;
}
