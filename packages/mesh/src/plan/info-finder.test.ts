import { expect, it } from "vitest";
import type { PeerPathInfo } from "../ports.ts";
import { infoSizeBytes } from "../upstream/info-size.ts";
import { pathHashOf } from "../upstream/path-hash.ts";
import { wantedNarOf } from "../upstream/wanted-nar.ts";
import { InfoFinder } from "./info-finder.ts";
import { PLAN_LIMITS } from "./limits.ts";
import { HOLDER, OTHER_HOLDER, planRig, storePath, testInfo } from "./twins/plan-rig.ts";

const NEVER = new AbortController().signal;
const ROOT = testInfo(0, 4);
const HASH = pathHashOf(ROOT.path);

/** Unsigned, and believed for its content address alone. */
const ADDRESSED: PeerPathInfo = { ...ROOT, signatures: [], contentAddress: `fixed:r:${ROOT.narHash}` };

/** One that believes the path of {@link ADDRESSED} for its address. */
function addressedRig(answers: Readonly<Record<string, readonly PeerPathInfo[]>>) {
  const rig = planRig({ pathCount: 4 });
  const finder = new InfoFinder({
    discovery: { of: () => [HOLDER, OTHER_HOLDER], lookUp: async () => undefined },
    queries: { closure: async (peer) => answers[peer] },
    upstreams: { ask: async () => ({ kind: "absent", attempts: [] }) },
    proven: (info) => info,
    known: () => [],
    clock: rig.clock,
  });
  return { finder, clock: rig.clock };
}

it("uses of what a member has told only what is proven", async () => {
  const { clock } = planRig({ pathCount: 4 });
  const told = { ...ROOT, deriver: "x", contentAddress: "nonsense", signatures: ["k-1:AAAA", ...ROOT.signatures] };
  using finder = new InfoFinder({
    discovery: { of: () => [HOLDER], lookUp: async () => undefined },
    queries: { closure: async () => [told] },
    upstreams: { ask: async () => ({ kind: "absent", attempts: [] }) },
    proven: ({ narHash, path }) => (narHash === ROOT.narHash && path === ROOT.path ? ROOT : undefined),
    known: () => [],
    clock,
  });
  const found = { ...ROOT, url: "", compression: "none" };
  expect(await finder.find(HASH, NEVER)).toEqual(found);
  expect(finder.recall(HASH)).toEqual(found);
});

it("keeps nothing of an answer whose asked path nobody has signed", async () => {
  using rig = planRig({ pathCount: 40, holders: [HOLDER] });
  rig.upstream.infos.clear();
  rig.answers.set(HOLDER, [{ ...testInfo(0, 40), signatures: [] }, ...rig.infos.slice(1)]);
  expect(await rig.finder.find(HASH, NEVER)).toBeUndefined();
  expect(rig.finder.candidateBytes).toBe(0);
});

it("keeps nothing that the asked path does not need", async () => {
  using rig = planRig({ pathCount: 4, holders: [HOLDER] });
  const others = Array.from({ length: 1_000 }, (_, index) => testInfo(100 + index, 0));
  rig.answers.set(HOLDER, [...others, ...rig.infos]);
  expect(await rig.finder.find(HASH, NEVER)).toBeDefined();
  const needed = rig.infos.slice(1).reduce((sum, info) => sum + infoSizeBytes(info), 0);
  expect(rig.finder.candidateBytes).toBeLessThanOrEqual(needed);
});

it("keeps no more of what a member tells than there is room for, and forgets it in time", async () => {
  using rig = planRig({ pathCount: 4, holders: [HOLDER] });
  const references = Array.from({ length: 8_000 }, (_, index) => storePath(100_000 + index));
  const large = (index: number): PeerPathInfo => ({ ...testInfo(index, 0), signatures: [], references });
  const children = Array.from({ length: 200 }, (_, index) => large(1_000 + index));
  const root = { ...ROOT, references: children.map(({ path }) => path) };
  expect(children.reduce((sum, info) => sum + infoSizeBytes(info), 0)).toBeGreaterThan(PLAN_LIMITS.maxCandidateBytes);
  rig.answers.set(HOLDER, [root, ...children]);
  await rig.finder.find(HASH, NEVER);
  expect(rig.finder.candidateBytes).toBeGreaterThan(0);
  expect(rig.finder.candidateBytes).toBeLessThanOrEqual(PLAN_LIMITS.maxCandidateBytes);
  await rig.clock.advance(2 * PLAN_LIMITS.candidateTtlMs);
  await rig.finder.find(pathHashOf(storePath(100_000)), NEVER);
  expect(rig.finder.candidateBytes).toBe(0);
});

it("takes no unsigned word for a while of whom a NAR did not come from as told, and asks others", async () => {
  const wrong = { ...ADDRESSED, narSizeBytes: 1 };
  const { finder, clock } = addressedRig({ [HOLDER]: [wrong], [OTHER_HOLDER]: [ADDRESSED] });
  using _finder = finder;
  const told = await finder.find(HASH, NEVER);
  expect(told?.narSizeBytes).toBe(1);
  if (told !== undefined) finder.doubt(wantedNarOf(told));
  expect(finder.recall(HASH)).toBeUndefined();
  expect((await finder.find(HASH, NEVER))?.narSizeBytes).toBe(ROOT.narSizeBytes);
  // What is known better by now stays.
  finder.doubt(wantedNarOf({ ...ROOT, narSizeBytes: 1 }));
  expect(finder.recall(HASH)?.narSizeBytes).toBe(ROOT.narSizeBytes);
  await clock.advance(PLAN_LIMITS.infoTtlMs + PLAN_LIMITS.doubtMs);
  expect((await finder.find(HASH, NEVER))?.narSizeBytes).toBe(1);
});

it("goes on to believe a member whose signed word came to nothing", async () => {
  const { finder } = addressedRig({ [HOLDER]: [ROOT], [OTHER_HOLDER]: [] });
  using _finder = finder;
  finder.doubt(wantedNarOf({ ...ROOT, ...(await finder.find(HASH, NEVER)) }));
  expect(finder.recall(HASH)).toBeUndefined();
  expect(await finder.find(HASH, NEVER)).toBeDefined();
});
