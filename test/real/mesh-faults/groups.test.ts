import { writeFileSync } from "node:fs";
import { temporaryDirectory, waitUntil } from "@niphas/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { failureOf } from "../nix/node-store.ts";
import { type FaultRig, faultRig, hashOf } from "./fault-rig.ts";
import { isOneNix, needsOneNix } from "./once.ts";

/** Nodes of the rig: two of one group, one of another, one without a secret. Each lists all others as members. */
const [RED, ALSO_RED, BLUE, OPEN] = [0, 1, 2, 3];

const resources = new AsyncDisposableStack();
let rig: FaultRig;

beforeEach(needsOneNix);
beforeAll(async () => {
  if (!isOneNix) return;
  const secrets = resources.use(temporaryDirectory("mesh-groups"));
  for (const [name, letter] of [
    ["red", "r"],
    ["blue", "b"],
  ] as const) {
    writeFileSync(secrets.join(name), letter.repeat(64), { mode: 0o600 });
  }
  const groupOf = (index: number): string | undefined => ["red", "red", "blue"][index];
  rig = resources.use(
    await faultRig({
      nodeCount: 4,
      closures: { secret: {} },
      flagsOf: (index) => {
        const group = groupOf(index);
        return group === undefined ? {} : { "group-secret-file": secrets.join(group) };
      },
    }),
  );
});
afterAll(() => resources[Symbol.asyncDispose]());

const connectedOf = async (index: number): Promise<readonly string[]> => {
  const { members } = await rig.node(index).daemon.status();
  return members.filter(({ state }) => state === "connected").map(({ address }) => address);
};
const addressOf = (index: number): string => `127.0.0.1:${rig.node(index).daemon.init.listenPort}`;

describe("daemons of three trust groups on one machine that list each other as members", () => {
  it("M14 M22: connect within their own group only", async () => {
    await waitUntil("the red ones to be connected", async () => (await connectedOf(RED)).length === 1);
    for (const index of [RED, ALSO_RED, BLUE, OPEN]) {
      await waitUntil("the others to have been tried", async () => {
        const { members } = await rig.node(index).daemon.status();
        return members.every(({ state }) => state !== "idle");
      });
    }
    expect(await connectedOf(RED)).toEqual([addressOf(ALSO_RED)]);
    expect(await connectedOf(ALSO_RED)).toEqual([addressOf(RED)]);
    expect([await connectedOf(BLUE), await connectedOf(OPEN)]).toEqual([[], []]);
  });

  it("M14 M22: learn nothing of what the others have, by whatever way they ask", async () => {
    await rig.node(RED).realise(rig.closure("secret").root);
    rig.onlyPeersHave("secret");
    await rig.known("secret", { reader: rig.node(ALSO_RED) });
    for (const index of [BLUE, OPEN]) {
      const report = await rig.node(index).daemon.why(hashOf(rig.closure("secret").root));
      expect([report.holders, report.path]).toEqual([[], null]);
      const failure = await failureOf(rig.node(index).realise(rig.closure("secret").root));
      expect(failure.code, failure.message).toBe("PathNotFound");
    }
    expect((await rig.node(RED).daemon.status()).sentBytes).toBe(0);
    await rig.node(ALSO_RED).realise(rig.closure("secret").root);
    await rig.expectWhole("secret", rig.node(ALSO_RED));
  });
});
