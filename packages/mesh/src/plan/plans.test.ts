import { NiphasError } from "@niphas/core";
import { describe, expect, it } from "vitest";
import { pathHashOf } from "../upstream/path-hash.ts";
import { PLAN_LIMITS } from "./limits.ts";
import { follow, type Rig } from "./twins/follow-plan.ts";
import { gone, HOLDER, NAR_BYTES, OTHER_HOLDER, planRig, storePath, testInfo } from "./twins/plan-rig.ts";

describe("a plan", () => {
  it("of a closure of 2,000 paths that a member has costs one question, none to upstream", async () => {
    using rig = planRig({ pathCount: 2_000, holders: [HOLDER] });
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    expect(rig.questions).toEqual([HOLDER]);
    expect(rig.upstream.asked).toEqual([]);
    expect(rig.ready).toEqual([{ questions: 1, tookMs: expect.any(Number) }]);
    expect(rig.downloads.begun).toHaveLength(PLAN_LIMITS.parallelNars);
    for (const { path } of rig.infos) {
      const hash = pathHashOf(path);
      expect(rig.narInfos.isPending(hash)).toBe(false);
      expect(rig.finder.recall(hash)?.path).toBe(path);
    }
    await plan.leave();
  });

  it("asks upstream where no member has it, 32 at once", async () => {
    using rig = planRig({ pathCount: 300 });
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    expect(new Set(rig.upstream.asked).size).toBe(300);
    expect(plan.progress()).toMatchObject({ totalPaths: 300, totalBytes: 300 * NAR_BYTES });
    await plan.leave();
  });

  it("gets what is missing in order, and each path after those that it needs", async () => {
    using rig = planRig({ pathCount: 40, holders: [HOLDER] });
    rig.downloads.isInstant = true;
    const plan = follow(rig, [rig.root]);
    await plan.until("done");
    const order = new Map(rig.downloads.begun.map((path, index) => [path, index]));
    expect(order.size).toBe(40);
    for (const { path, references } of rig.infos) {
      for (const reference of references) expect(order.get(reference) ?? 0).toBeLessThanOrEqual(order.get(path) ?? -1);
    }
    await plan.leave();
  });

  it("leaves out what is valid already, with all that it needs", async () => {
    using rig = planRig({ pathCount: 40, holders: [HOLDER] });
    // Path 1 of the tree, with the 12 below it.
    rig.addValid(testInfo(1, 40));
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    expect(plan.progress().totalPaths).toBe(40 - 13);
    await plan.leave();
  });

  it("of valid roots is done at once", async () => {
    using rig = planRig({ pathCount: 3 });
    rig.addValid(testInfo(0, 3));
    const plan = follow(rig, [rig.root]);
    await plan.until("done");
    expect(plan.progress()).toMatchObject({ totalPaths: 0, totalBytes: 0 });
    await plan.leave();
  });

  it("tells how far it is, and where the bytes came from", async () => {
    using rig = planRig({ pathCount: 4, holders: [HOLDER] });
    rig.downloads.source = HOLDER;
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    rig.downloads.arrive();
    rig.downloads.source = "upstream";
    await rig.clock.advance(PLAN_LIMITS.tickMs);
    rig.downloads.arrive(300);
    await rig.clock.advance(PLAN_LIMITS.tickMs);
    expect(plan.progress()).toEqual({
      event: "progress",
      doneBytes: 1_300,
      totalBytes: 4_000,
      donePaths: 1,
      totalPaths: 4,
      peers: 1,
      peerBytes: 1_300,
      upstreamBytes: 0,
    });
    await plan.leave();
  });

  it("gives a sign of life four times a second, also when nothing happens, also when it is done", async () => {
    using rig = planRig({ pathCount: 3, holders: [HOLDER] });
    rig.downloads.isInstant = true;
    const plan = follow(rig, [rig.root]);
    await plan.until("done");
    const before = plan.events.length;
    await rig.clock.advance(5_000);
    expect(plan.events.length - before).toBeGreaterThanOrEqual(20);
    await plan.leave();
  });

  it("holds what has come until Nix has it, and nothing after it is left", async () => {
    using rig = planRig({ pathCount: 4, holders: [HOLDER] });
    rig.downloads.isInstant = true;
    const plan = follow(rig, [rig.root]);
    await plan.until("done");
    expect(rig.downloads.heldCount).toBe(4);
    rig.addValid(testInfo(3, 4), testInfo(2, 4));
    await rig.clock.advance(PLAN_LIMITS.tickMs);
    expect(rig.downloads.heldCount).toBe(2);
    expect(plan.progress()).toMatchObject({ donePaths: 4, doneBytes: 4_000, upstreamBytes: 4_000 });
    await plan.leave();
    expect([rig.downloads.heldCount, rig.plans.count, rig.clock.timerCount]).toEqual([0, 0, 0]);
  });

  it("waits for room, which Nix makes", async () => {
    using rig = planRig({ pathCount: 6, holders: [HOLDER] });
    Object.assign(rig.downloads, { isInstant: true, room: 2 });
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    await rig.clock.advance(2_000);
    expect([plan.told("done"), rig.downloads.heldCount]).toEqual([false, 2]);
    rig.addValid(...rig.infos);
    await plan.until("done");
    await plan.leave();
  });

  it("gets no further ahead of Nix than there is room, in order, all plans together", async () => {
    using rig = planRig({ pathCount: 40, holders: [HOLDER], maxAheadBytes: 5 * NAR_BYTES + 1 });
    rig.downloads.isInstant = true;
    const [plan, other] = [follow(rig, [rig.root]), follow(rig, [testInfo(1, 40).path])];
    await Promise.all([plan.until("ready"), other.until("ready")]);
    const order = new Map(rig.downloads.begun.map((path, index) => [path, index]));
    for (let taken = 0; taken < 40; taken += 5) {
      await rig.clock.advance(2 * PLAN_LIMITS.tickMs);
      expect(rig.downloads.heldCount).toBeLessThanOrEqual(5);
      rig.addValid(...rig.infos.filter(({ path }) => rig.downloads.begun.includes(path)));
    }
    await Promise.all([plan.until("done"), other.until("done")]);
    for (const { path, references } of rig.infos) {
      const last = order.get(path);
      if (last === undefined) continue;
      for (const reference of references) expect(order.get(reference) ?? 0).toBeLessThanOrEqual(last);
    }
    expect(plan.progress()).toMatchObject({ donePaths: 40, doneBytes: 40 * NAR_BYTES });
    await Promise.all([plan.leave(), other.leave()]);
    expect([rig.downloads.heldCount, rig.clock.timerCount]).toEqual([0, 0]);
  });

  it("begins no NAR while Nix asks for narinfos, but not for ever", async () => {
    using rig = planRig({ pathCount: 5, holders: [HOLDER] });
    Object.assign(rig.downloads, { isInstant: true });
    rig.nix.isAsking = true;
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    expect(rig.downloads.begun).toEqual([]);
    await rig.clock.advance(2 * PLAN_LIMITS.maxYieldMs);
    await plan.until("done");
    await plan.leave();
  });

  it("gets a NAR that is larger than all the room, alone", async () => {
    using rig = planRig({ pathCount: 3, holders: [HOLDER], maxAheadBytes: NAR_BYTES / 2 });
    rig.downloads.isInstant = true;
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    await rig.clock.advance(PLAN_LIMITS.tickMs);
    expect(rig.downloads.heldCount).toBe(1);
    rig.addValid(...rig.infos);
    await plan.until("done");
    await plan.leave();
  });

  it("shares its work with other plans of the same paths", async () => {
    using rig = planRig({ pathCount: 100 });
    const [first, second] = [follow(rig, [rig.root]), follow(rig, [rig.root])];
    await Promise.all([first.until("ready"), second.until("ready")]);
    expect(rig.upstream.asked).toHaveLength(100);
    expect(rig.downloads.begun).toHaveLength(PLAN_LIMITS.parallelNars);
    await first.leave();
    expect(rig.downloads.heldCount).toBe(PLAN_LIMITS.parallelNars);
    await second.leave();
    expect(rig.downloads.heldCount).toBe(0);
  });

  it("are a bounded number", async () => {
    using rig = planRig({ pathCount: 2 });
    const plans = Array.from({ length: PLAN_LIMITS.maxPlans }, () => follow(rig, [rig.root]));
    expect(() => rig.plans.open([rig.root], AbortSignal.timeout(1))).toThrow("too many");
    await Promise.all(plans.map((plan) => plan.leave()));
    expect(rig.plans.count).toBe(0);
  });
});

describe("a plan that goes wrong", () => {
  it("fails and ends when nobody has a path", async () => {
    using rig = planRig({ pathCount: 10 });
    rig.upstream.infos.delete(pathHashOf(testInfo(7, 10).path));
    const plan = follow(rig, [rig.root]);
    await plan.until("failed");
    await plan.end;
    expect(plan.told("ready")).toBe(false);
    expect(plan.events.at(-1)).toMatchObject({ reason: expect.stringContaining("no binary cache has the path") });
    expect(rig.plans.count).toBe(0);
  });

  it("goes on when NARs do not come: Nix asks for them elsewhere", async () => {
    using rig = planRig({ pathCount: 3, holders: [HOLDER] });
    rig.downloads.failure = new NiphasError("SubstituterUnavailable", "upstream is down");
    const plan = follow(rig, [rig.root]);
    await plan.until("failed");
    expect(plan.told("ready")).toBe(true);
    expect(plan.events.find(({ event }) => event === "failed")).toEqual({
      event: "failed",
      reason: "upstream is down",
    });
    const before = plan.events.length;
    await rig.clock.advance(1_000);
    expect(plan.events.length).toBeGreaterThan(before);
    await plan.leave();
  });

  it("gets a NAR that came with wrong bytes once more, from others, and then leaves it to Nix", async () => {
    using rig = planRig({ pathCount: 3, holders: [HOLDER] });
    rig.downloads.isInstant = true;
    rig.downloads.spoilt.add(storePath(1));
    const plan = follow(rig, [rig.root]);
    await plan.until("done");
    expect(plan.progress()).toMatchObject({ donePaths: 3 });
    await plan.leave();
    rig.downloads.failure = new NiphasError("BadBytes", "not what was signed");
    const again = follow(rig, [rig.root]);
    await again.until("failed");
    await again.leave();
  });

  it.each<[string, (rig: Rig) => void]>([
    ["is gone", (rig) => rig.answers.set(HOLDER, gone())],
    ["has nothing after all", (rig) => rig.answers.set(HOLDER, undefined)],
    ["is frozen", (rig) => rig.answers.set(HOLDER, "hang")],
    ["tells of other paths only", (rig) => rig.answers.set(HOLDER, [testInfo(999, 2_000)])],
    [
      "tells of every path with a wrong signature",
      (rig) =>
        rig.answers.set(
          HOLDER,
          rig.infos.map((info) => ({ ...info, narSizeBytes: 1, signatures: ["evil-1:x"] })),
        ),
    ],
  ])("asks upstream when the holder %s", async (_name, spoil) => {
    using rig = planRig({ pathCount: 20, holders: [HOLDER] });
    spoil(rig);
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    expect(plan.progress()).toMatchObject({ totalPaths: 20, totalBytes: 20 * NAR_BYTES });
    await plan.leave();
  });

  it("asks the next holder when one has told a wrong signature, and never uses it", async () => {
    using rig = planRig({ pathCount: 5, holders: [HOLDER, OTHER_HOLDER] });
    rig.answers.set(HOLDER, [
      { ...testInfo(0, 5), narSizeBytes: 666, signatures: ["evil-1:x"] },
      ...rig.infos.slice(1),
    ]);
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    expect(rig.questions).toEqual([HOLDER, OTHER_HOLDER]);
    expect(rig.upstream.asked).toEqual([]);
    expect(rig.finder.recall(pathHashOf(rig.root))?.narSizeBytes).toBe(NAR_BYTES);
    await plan.leave();
  });

  it("never uses a narinfo that nobody trusted has signed, wherever it is", async () => {
    using rig = planRig({ pathCount: 5, holders: [HOLDER] });
    const evil = rig.infos.map((info) => ({ ...info, signatures: [] }));
    rig.answers.set(HOLDER, evil);
    for (const info of evil) rig.upstream.infos.set(pathHashOf(info.path), info);
    const plan = follow(rig, [rig.root]);
    await plan.until("failed");
    expect(rig.downloads.begun).toEqual([]);
    const ask = rig.narInfos.resolve(pathHashOf(rig.root), { signal: new AbortController().signal });
    await rig.clock.advance(5_000);
    expect(await ask).toBeUndefined();
  });

  it("gives up a closure that never ends", async () => {
    using rig = planRig({ pathCount: 1 });
    const huge = Array.from({ length: PLAN_LIMITS.maxPaths + 1 }, (_, index) => testInfo(index + 1, 0).path);
    rig.upstream.infos.set(pathHashOf(rig.root), { ...testInfo(0, 1), references: huge });
    const plan = follow(rig, [rig.root]);
    await plan.until("failed");
    expect(plan.events.at(-1)).toMatchObject({ reason: expect.stringContaining("more than") });
  });
});

describe("narinfos", () => {
  const signal = new AbortController().signal;

  it("of what is valid here are told without asking anybody, if they are signed", async () => {
    using rig = planRig({ pathCount: 3 });
    rig.addValid(testInfo(1, 3));
    const info = await rig.narInfos.resolve(pathHashOf(testInfo(1, 3).path), { signal });
    expect(info).toMatchObject({ compression: "none", narSizeBytes: NAR_BYTES });
    expect(rig.upstream.asked).toEqual([]);
  });

  it("are pending while they are asked for, and not when nobody asks", async () => {
    using rig = planRig({ pathCount: 3, holders: [HOLDER] });
    rig.answers.set(HOLDER, "hang");
    const path = pathHashOf(rig.root);
    expect(rig.narInfos.isPending(path)).toBe(false);
    const ask = rig.narInfos.resolve(path, { signal });
    await rig.clock.advance(1);
    expect(rig.narInfos.isPending(path)).toBe(true);
    await rig.clock.advance(PLAN_LIMITS.hedgeMs);
    expect((await ask)?.path).toBe(rig.root);
    expect(rig.narInfos.isPending(path)).toBe(false);
  });

  it("of a closure are asked for once, without a plan too", async () => {
    using rig = planRig({ pathCount: 50, holders: [HOLDER] });
    for (const { path } of rig.infos)
      expect((await rig.narInfos.resolve(pathHashOf(path), { signal }))?.path).toBe(path);
    expect(rig.questions).toEqual([HOLDER]);
  });

  it("come from upstream half a second later when a holder is frozen", async () => {
    using rig = planRig({ pathCount: 1, holders: [HOLDER] });
    rig.answers.set(HOLDER, "hang");
    const ask = rig.narInfos.resolve(pathHashOf(rig.root), { signal });
    await rig.clock.advance(PLAN_LIMITS.hedgeMs + 10);
    expect((await ask)?.path).toBe(rig.root);
  });
});
