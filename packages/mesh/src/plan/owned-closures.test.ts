import { describe, expect, it } from "vitest";
import { pathHashOf } from "../upstream/path-hash.ts";
import { PLAN_LIMITS } from "./limits.ts";
import { OwnedClosures } from "./owned-closures.ts";
import { follow, type Rig } from "./twins/follow-plan.ts";
import { gone, HOLDER, OTHER_HOLDER, planRig, storePath, testInfo } from "./twins/plan-rig.ts";

describe("a plan of what no member holds", () => {
  it("asks the owner of its root, who has asked upstream for everybody", async () => {
    using rig = planRig({ pathCount: 300, owner: OTHER_HOLDER });
    rig.answers.set(OTHER_HOLDER, rig.infos);
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    expect([rig.questions, rig.upstream.asked]).toEqual([[OTHER_HOLDER], []]);
    expect(rig.ready).toEqual([{ questions: 1, tookMs: expect.any(Number) }]);
    await plan.leave();
  });

  it.each([
    ["is frozen", "hang"],
    ["has gone", gone()],
    ["does not find it", undefined],
    ["tells what nobody has signed", [{ ...testInfo(0, 3), signatures: [] }]],
  ] as const)("asks upstream itself when the owner %s", async (_, answer) => {
    using rig = planRig({ pathCount: 3, owner: OTHER_HOLDER });
    rig.answers.set(OTHER_HOLDER, answer);
    const plan = follow(rig, [rig.root]);
    await rig.clock.advance(PLAN_LIMITS.ownerHeadStartMs);
    await plan.until("ready");
    expect(new Set(rig.upstream.asked).size).toBe(3);
    expect(rig.questions).toEqual([OTHER_HOLDER]);
    await plan.leave();
  });

  it("asks holders rather than the owner, and nobody for what is valid here", async () => {
    using rig = planRig({ pathCount: 3, holders: [HOLDER], owner: OTHER_HOLDER });
    const plan = follow(rig, [rig.root]);
    await plan.until("ready");
    rig.addValid(...rig.infos);
    const again = follow(rig, [rig.root]);
    await again.until("ready");
    expect(rig.questions).toEqual([HOLDER]);
    await plan.leave();
    await again.leave();
  });
});

describe("the owner of a path that no member holds", () => {
  const ownedBy = (rig: Rig, isOwned: boolean) =>
    new OwnedClosures({ narInfos: rig.narInfos, store: { pathInfo: () => undefined }, isOwned: () => isOwned });
  const { signal } = new AbortController();
  const hashOf = (index: number) => pathHashOf(storePath(index));

  it("finds its closure out for all who ask at once, by one question for each path", async () => {
    using rig = planRig({ pathCount: 40 });
    const owned = ownedBy(rig, true);
    const told = await Promise.all([1, 2, 3].map(() => owned.find({ path: hashOf(0), known: [] }, signal)));
    expect(told.map((infos) => infos?.length)).toEqual([40, 40, 40]);
    expect(rig.upstream.asked).toHaveLength(40);
  });

  it("leaves out what the asker knows, with all that it needs", async () => {
    using rig = planRig({ pathCount: 40 });
    // Path 1 of the tree, with the 12 below it.
    const told = await ownedBy(rig, true).find({ path: hashOf(0), known: [hashOf(1)] }, signal);
    expect(told).toHaveLength(40 - 13);
  });

  it("tells nothing of the paths of other owners, and of what nobody has", async () => {
    using rig = planRig({ pathCount: 3 });
    expect(await ownedBy(rig, false).find({ path: hashOf(0), known: [] }, signal)).toBeUndefined();
    expect(rig.upstream.asked).toEqual([]);
    expect(await ownedBy(rig, true).find({ path: hashOf(7), known: [] }, signal)).toBeUndefined();
  });

  it("finds out no more closures at once than it may, however fast askers come and go", async () => {
    const asked = new Set<string>();
    const { promise: forever } = Promise.withResolvers<undefined>();
    const narInfos = {
      resolve: (path: string) => {
        asked.add(path);
        return forever;
      },
    };
    const owned = new OwnedClosures({ narInfos, store: { pathInfo: () => undefined }, isOwned: () => true });
    for (let index = 0; index < 3 * PLAN_LIMITS.maxOwnedClosures; index++) {
      const asker = new AbortController();
      const told = owned.find({ path: hashOf(index), known: [] }, asker.signal);
      await Promise.resolve();
      asker.abort(new Error("has gone"));
      await expect(told).rejects.toThrow("has gone");
    }
    expect(asked.size).toBe(PLAN_LIMITS.maxOwnedClosures);
  });

  it("tells nothing of what it cannot unpack: the answer has no word for how upstream compresses", async () => {
    const narInfos = { resolve: async () => ({ ...testInfo(0, 1), compression: "lzip" }) };
    const owned = new OwnedClosures({ narInfos, store: { pathInfo: () => undefined }, isOwned: () => true });
    expect(await owned.find({ path: hashOf(0), known: [] }, signal)).toBeUndefined();
  });
});
