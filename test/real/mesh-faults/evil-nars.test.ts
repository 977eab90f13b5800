import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureOf } from "../nix/node-store.ts";
import type { NarConductName } from "./evil/nar-conducts.ts";
import { expectSmall, type FaultRig, faultRig } from "./fault-rig.ts";

/** Above what is given to Nix as a whole only. */
const LARGE = { pathCount: 1, fileCount: 24, fileSizeBytes: 1_000_000 };

const CONDUCTS: readonly (readonly [string, string, NarConductName])[] = [
  ["M01", "has one wrong byte", "flipped"],
  ["M02", "is truncated", "short"],
  ["M02", "is too long", "overlong"],
  ["M02", "is endless", "endless"],
  ["M07", "never comes", "silent"],
  ["M07", "comes a byte at a time", "trickling"],
  ["M08", "breaks off before its first byte", "resetAtOnce"],
  ["M08", "breaks off in the middle", "resetHalfWay"],
  ["M08", "breaks off before its end", "resetAtTheEnd"],
  ["M19", "begins with a length of two gigabytes", "giant"],
  ["M19", "begins with a number that never ends", "endlessVarint"],
  ["M21", "was never there", "gone"],
];

const resources = new AsyncDisposableStack();
let rig: FaultRig;

beforeAll(async () => {
  const peers = CONDUCTS.flatMap(([, , nar]) => [
    [nar, { nar }] as const,
    [`${nar}-alone`, { nar, shape: { pathCount: 1 } }] as const,
  ]);
  rig = resources.use(
    await faultRig({
      peers: { ...Object.fromEntries(peers), largeFlipped: { nar: "flipped", shape: LARGE } },
    }),
  );
});
afterAll(() => resources[Symbol.asyncDispose]());

describe("the only member that has a path, whose NAR", () => {
  it.each(CONDUCTS)("%s: %s, does not keep it from coming from upstream", async (_id, _what, conduct) => {
    await rig.known(conduct);
    await rig.node().realise(rig.closure(conduct).root);
    await rig.expectWhole(conduct);
    expect(rig.evil.askedCount(conduct)).toBeGreaterThan(0);
  });

  it.each(
    // What comes before too much may be all, and right.
    CONDUCTS.filter(([, , conduct]) => conduct !== "overlong"),
  )("%s: %s, makes it fail when upstream does not know it, and nothing is registered", async (...row) => {
    const name = `${row[2]}-alone`;
    rig.onlyPeersHave(name);
    await rig.known(name);
    const failure = await failureOf(rig.node().realise(rig.closure(name).root));
    expect(failure.code, failure.message).toBe("SubstituterUnavailable");
    rig.expectAbsent(name);
    expect(rig.evil.askedCount(name)).toBeGreaterThan(0);
  });

  it("M01: is wrong after much of it has gone to Nix, never gives Nix its end; the pod starts", async () => {
    await rig.known("largeFlipped");
    await rig.node().startPod(rig.closure("largeFlipped").root, [rig.upstream.url]);
    await rig.expectWhole("largeFlipped");
  });
});

describe("afterwards", () => {
  it("M01: who gave wrong bytes is in quarantine with the reason, and nobody else is", async () => {
    const { members } = await rig.node().daemon.status();
    const punished = members.filter(({ quarantine }) => quarantine !== null);
    const liars = ["flipped", "flipped-alone", "largeFlipped"].map((name) => rig.peerId(name));
    // One that was given up before its wrong byte came is not among them.
    expect(punished.length).toBeGreaterThan(0);
    expect(liars).toEqual(expect.arrayContaining(punished.map(({ peerId }) => peerId)));
    for (const { quarantine } of punished) expect(quarantine?.reason).toMatch(/^gave wrong bytes of \/nix\/store\//);
  });

  it("M02 M19: the daemon has never been large", () => {
    expectSmall(rig.node());
  });
});
