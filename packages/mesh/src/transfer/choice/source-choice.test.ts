import { beforeEach, describe, expect, it } from "vitest";
import { testPeer } from "../../discovery/twins/test-paths.ts";
import type { PeerId } from "../../ports.ts";
import { PeerLoads } from "./peer-loads.ts";
import { SourceChoice } from "./source-choice.ts";

const [a, b, c, d] = [testPeer(0), testPeer(1), testPeer(2), testPeer(3)];
const MIB = 2 ** 20;

let nowMs: number;
let random: () => number;
let unusable: Set<PeerId>;
let far: Set<PeerId>;
let offered: Set<PeerId>;
let loads: PeerLoads;
let choice: SourceChoice;

beforeEach(() => {
  nowMs = 0;
  let state = 1;
  random = () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  unusable = new Set();
  far = new Set();
  offered = new Set();
  loads = new PeerLoads();
  choice = new SourceChoice({
    loads,
    nowMs: () => nowMs,
    random: () => random(),
    isUsable: (peer) => !unusable.has(peer),
    isNear: (peer) => !far.has(peer),
    hasOffered: (peer) => offered.has(peer),
  });
});

/** Who is chosen in many draws. */
function chosen(holders: readonly PeerId[]): Set<PeerId | undefined> {
  return new Set(Array.from({ length: 200 }, () => choice.choose(holders, MIB)));
}

describe("the choice of a source", () => {
  it("is nobody when nobody holds the path, and never somebody that must not be used", () => {
    expect(choice.choose([], MIB)).toBeUndefined();
    expect(choice.nextTryMs([])).toBeUndefined();
    unusable.add(a);
    expect(chosen([a, b])).toEqual(new Set([b]));
  });

  it("spreads over peers of which nothing is known", () => {
    expect(chosen([a, b, c])).toEqual(new Set([a, b, c]));
  });

  it("never takes the slowest or the most loaded of all", () => {
    for (const [peer, elapsedMs] of [
      [a, 10],
      [b, 20],
      [c, 1000],
    ] as const) {
      loads.started(peer, MIB);
      loads.ended(peer, MIB, MIB, elapsedMs);
    }
    expect(chosen([a, b, c])).toEqual(new Set([a, b]));
    loads.started(a, 64 * MIB);
    expect(chosen([a, b])).toEqual(new Set([b]));
  });

  it("takes peers of the same zone first, and others when these are busy", () => {
    far.add(a);
    expect(chosen([a, b])).toEqual(new Set([b]));
    choice.busy(b, []);
    expect(chosen([a, b])).toEqual(new Set([a]));
  });

  it("takes who has just got the path before others of the zone, also one that discovery does not know", () => {
    choice.busy(a, [d]);
    expect(chosen([a, b, c])).toEqual(new Set([d]));
    nowMs = 5001;
    expect(chosen([b, c])).toEqual(new Set([b, c]));
  });

  it("takes who has offered what is missing before who is only named", () => {
    choice.busy(a, [b]);
    offered.add(c);
    expect(chosen([b, c])).toEqual(new Set([c]));
  });

  it("does not let busy peers that name each other hide the others", () => {
    choice.busy(a, [b]);
    choice.busy(b, [a]);
    nowMs = 100;
    expect(chosen([a, b, c])).toContain(c);
  });

  it("leaves a busy peer alone, longer each time, until it gives bytes", () => {
    random = () => 0.5;
    const waits = [1, 2, 3].map(() => {
      choice.busy(a, []);
      const untilMs = choice.nextTryMs([a]) ?? 0;
      const waitMs = untilMs - nowMs;
      expect(choice.choose([a], MIB)).toBeUndefined();
      nowMs = untilMs;
      expect(choice.choose([a], MIB)).toBe(a);
      return waitMs;
    });
    expect(waits).toEqual([50, 100, 200]);
    choice.succeeded(a);
    choice.busy(a, []);
    expect((choice.nextTryMs([a]) ?? 0) - nowMs).toBe(50);
  });

  it("asks nobody for a while when all that are asked are busy", () => {
    const holders = Array.from({ length: 500 }, (_, index) => testPeer(index));
    let asked = 0;
    for (nowMs = 0; nowMs < 10_000; nowMs++) {
      for (let peer = choice.choose(holders, MIB); peer !== undefined; peer = choice.choose(holders, MIB)) {
        asked++;
        choice.busy(peer, []);
      }
    }
    expect(asked).toBeLessThan(50);
  });

  it("never comes back to an abandoned peer, not even when it is named", () => {
    choice.abandon(a);
    choice.busy(b, [a]);
    nowMs = 1000;
    expect(chosen([a, b])).toEqual(new Set([b]));
  });
});
