import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { expectSmall, type FaultRig, faultRig } from "./fault-rig.ts";
import { isOneNix, needsOneNix } from "./once.ts";

const CROWD = 200;
/** Whoever has looked at so many has met the crowd. */
const KNOWN = 5;

const resources = new AsyncDisposableStack();
let rig: FaultRig;

beforeEach(needsOneNix);
beforeAll(async () => {
  if (!isOneNix) return;
  const conduct = { nar: "gone", closureOf: "claimed" } as const;
  const liars = Array.from({ length: CROWD }, (_, index) => [`liar-${index}`, conduct] as const);
  rig = resources.use(await faultRig({ peers: Object.fromEntries(liars), closures: { claimed: {} } }));
});
afterAll(() => resources[Symbol.asyncDispose]());

it("M20: two hundred members that say they have what they have not are passed over, and it comes from upstream", async () => {
  await rig.known("claimed", { holders: KNOWN });
  await rig.node().realise(rig.closure("claimed").root);
  await rig.expectWhole("claimed");
  expect((await rig.node().daemon.status()).receivedBytes.peer).toBe(0);
  expectSmall(rig.node());
});
