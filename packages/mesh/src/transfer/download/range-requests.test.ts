import { ManualClock } from "@niphas/service";
import { describe, expect, it } from "vitest";
import { testPath } from "../../discovery/twins/test-paths.ts";
import type { PathHash, PeerId } from "../../ports.ts";
import { NarSources } from "./nar-sources.ts";
import { PeerTraffic } from "./peer-traffic.ts";
import { type RangeRequest, RangeRequests, type RequestOutcome } from "./range-requests.ts";
import { RangeWork } from "./range-work.ts";

const MIB = 2 ** 20;
const SIZE = 80 * MIB;
const PATH: PathHash = testPath(0);
const [A, B] = ["a", "b"] as [PeerId, PeerId];

function rig(peers: readonly PeerId[]) {
  const clock = new ManualClock();
  const traffic = new PeerTraffic({
    nars: { read: () => expect.fail("nothing is read here") },
    holders: { of: () => peers },
    clock,
    isReachable: () => true,
    isNear: () => true,
    random: () => 0,
    observe: () => undefined,
  });
  const ranges = new RangeWork(SIZE);
  const sources = new NarSources({ traffic }, { path: PATH });
  const requests = new RangeRequests({ traffic, ranges, sources }, { path: PATH, sizeBytes: SIZE });
  const begin = (): RangeRequest => requests.begin() ?? expect.fail("nobody is asked");
  const answer = (outcome: RequestOutcome): RangeRequest => {
    const request = begin();
    if (outcome.kind === "given") request.range.position = request.range.end;
    requests.end(request, outcome);
    return request;
  };
  return { clock, ranges, sources, requests, begin, answer };
}

const GIVEN: RequestOutcome = { kind: "given" };

describe("requests for ranges of one NAR", () => {
  it("go on until all of it has been given", () => {
    const { requests, answer, ranges } = rig([A]);
    for (let part = 0; part < 10; part++) answer(GIVEN);
    expect([ranges.isDone, requests.begin()]).toEqual([true, undefined]);
  });

  it("ask a peer for one range at a time", () => {
    const { requests, begin } = rig([A, B]);
    expect(new Set([begin().peer, begin().peer])).toEqual(new Set([A, B]));
    expect(requests.begin()).toBeUndefined();
  });

  it("ask a peer next for what it has offered", () => {
    const { answer, begin } = rig([A]);
    answer({ kind: "later", available: [{ start: 40 * MIB, end: 48 * MIB }] });
    expect(begin()).toMatchObject({ range: { position: 40 * MIB, end: 48 * MIB }, wasOffered: true });
  });

  it("leave a peer alone for a while that offers and does not give", async () => {
    const { answer, requests, clock } = rig([A]);
    const available = [{ start: 40 * MIB, end: 48 * MIB }];
    answer({ kind: "later", available });
    answer({ kind: "later", available });
    expect(requests.begin()).toBeUndefined();
    await clock.advance(1_000);
    expect(requests.begin()).toBeDefined();
  });

  it("ask others first for what nobody is known to have", () => {
    const { answer, begin, sources } = rig([A, B]);
    const first = answer({ kind: "later", available: [{ start: 0, end: 72 * MIB }] });
    sources.abandon(first.peer);
    answer(GIVEN);
    const request = begin();
    expect([request.peer === first.peer, request.range.position]).toEqual([false, 8 * MIB]);
  });

  it("give back what was not given, and never ask again who broke off", () => {
    const { answer, requests, ranges } = rig([A]);
    answer({ kind: "broken" });
    expect([requests.begin(), ranges.isActive, ranges.hasMore]).toEqual([undefined, false, true]);
  });

  it("give a peer the full time after it stood still once", async () => {
    const { answer, begin, clock } = rig([A]);
    expect(answer({ kind: "stalled" }).isPatient).toBe(false);
    await clock.advance(1_000);
    expect(begin().isPatient).toBe(true);
  });
});
